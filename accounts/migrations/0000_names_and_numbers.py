"""Search of names by parts, and the numbers of customers and accounts."""

from typing import ClassVar

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations


class Migration(migrations.Migration):
    """Numbers begin with seven digits, so that they can be read out on the phone."""

    dependencies: ClassVar = []
    operations: ClassVar = [
        TrigramExtension(),
        migrations.RunSQL(
            "CREATE SEQUENCE accounts_customer_number START 1000001",
            "DROP SEQUENCE accounts_customer_number",
        ),
        migrations.RunSQL(
            "CREATE SEQUENCE accounts_account_number START 1000001",
            "DROP SEQUENCE accounts_account_number",
        ),
    ]

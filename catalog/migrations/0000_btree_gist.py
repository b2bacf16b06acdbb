from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations


class Migration(migrations.Migration):
    """What the constraints “never two prices at once” stand on."""

    initial = True
    dependencies = []
    operations = [BtreeGistExtension()]

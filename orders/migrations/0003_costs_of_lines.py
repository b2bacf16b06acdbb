from django.db import migrations

import foundation.money


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0002_contested_orders"),
    ]

    operations = [
        migrations.AddField(
            model_name="orderline",
            name="one_time_cost",
            field=foundation.money.MoneyField(decimal_places=2, editable=False, max_digits=12, null=True),
        ),
        migrations.AddField(
            model_name="orderline",
            name="recurring_cost",
            field=foundation.money.MoneyField(decimal_places=2, editable=False, max_digits=12, null=True),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("commissions", "0002_what_is_promised_and_told"),
    ]

    operations = [
        migrations.AlterField(
            model_name="rewardterm",
            name="basis",
            field=models.CharField(
                choices=[
                    ("flat", "Fixed amount"),
                    ("percent_monthly", "Percent of the friend's monthly charges"),
                    ("percent_one_time", "Percent of the friend's one-time charges"),
                    ("percent_cash", "Percent of the cash paid on the friend's bills, before tax"),
                    ("margin_monthly", "Percent of the monthly margin on the friend's order"),
                    ("margin_one_time", "Percent of the one-time margin on the friend's order"),
                ],
                default="flat",
                max_length=16,
                verbose_name="reckoned as",
            ),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("referrals", "0002_what_is_promised_and_told"),
    ]

    operations = [
        migrations.AlterField(
            model_name="signal",
            name="kind",
            field=models.CharField(
                choices=[
                    ("same_address", "Same address as the referrer"),
                    ("same_surname", "Same surname as the referrer"),
                    ("sold_by_referrer", "Sold by the referrer"),
                    ("served_address", "Somebody had service at this address lately"),
                    ("velocity", "Many referrals in a short time"),
                    ("same_bank", "Referrer and friend are paid to one bank account"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="terms_digest",
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
    ]

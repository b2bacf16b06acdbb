from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("worklist", "0001_schema"),
    ]

    operations = [
        migrations.AlterField(
            model_name="member",
            name="capacity",
            field=models.PositiveSmallIntegerField(
                default=10,
                help_text="How many open pieces of work they carry at most, those of their other teams counted, before this team passes them over. 0: it gives them none.",
                verbose_name="capacity",
            ),
        ),
    ]

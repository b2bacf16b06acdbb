from django.db import migrations


class Migration(migrations.Migration):
    """Versions of the configuration come from a sequence, which no rollback turns back."""

    dependencies = [("divisions", "0001_schema")]
    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE divisions_configuration_version", "DROP SEQUENCE divisions_configuration_version"
        )
    ]

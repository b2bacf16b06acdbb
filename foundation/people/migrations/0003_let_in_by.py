from django.conf import settings
from django.db import migrations, models

GIVERS = """
INSERT INTO people_user_let_in_by (from_user_id, to_user_id)
SELECT DISTINCT given.user_id, given.given_by_id
FROM (
    SELECT user_id, given_by_id FROM people_roleassignment
    UNION SELECT user_id, given_by_id FROM people_rolechange
) given
JOIN people_user person ON person.id = given.user_id
JOIN people_user giver ON giver.id = given.given_by_id
WHERE given.user_id <> given.given_by_id
"""
"""Whoever has given a role so far, by the history of roles: also of those that were taken again."""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0002_confirmed"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="let_in_by",
            field=models.ManyToManyField(
                editable=False, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="let in by"
            ),
        ),
        migrations.RunSQL(GIVERS, migrations.RunSQL.noop),
    ]

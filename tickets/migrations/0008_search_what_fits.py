"""An article is searched in so much of its text that Postgres can hold its words."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import migrations, models
from django.db.models.functions import Left


class Migration(migrations.Migration):
    dependencies = [("tickets", "0007_unsent_files")]

    operations = [
        migrations.RemoveIndex("article", "article_search"),
        migrations.RemoveField("article", "search"),
        migrations.AddField(
            "article",
            "search",
            models.GeneratedField(
                expression=SearchVector(Left("text", 50_000), config="simple"),
                output_field=SearchVectorField(),
                db_persist=True,
            ),
        ),
        migrations.AddIndex("article", GinIndex(fields=["search"], name="article_search")),
    ]

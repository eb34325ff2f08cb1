from django.db import migrations, models


class Migration(migrations.Migration):
    """The guards: CHECK (available_seats >= 0) and UNIQUE (show_id, user_id)."""

    dependencies = [("booking", "0001_initial")]

    operations = [
        migrations.AlterField("Show", "available_seats", models.PositiveIntegerField()),
        migrations.AddConstraint(
            "Reservation", models.UniqueConstraint(fields=("show", "user"), name="one_reservation_each")
        ),
    ]

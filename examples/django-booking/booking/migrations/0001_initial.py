import uuid

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The tables as most applications have them: nothing keeps the counter right or a reservation single."""

    # the last ones, for `migrate booking 0001` to make all that the application needs
    dependencies = [("auth", "0012_alter_user_first_name_max_length"), ("sessions", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Show",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=200)),
                ("price", models.DecimalField(decimal_places=2, max_digits=8)),
                ("capacity", models.PositiveIntegerField()),
                ("available_seats", models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Reservation",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("show", models.ForeignKey(on_delete=models.CASCADE, to="booking.show")),
                ("user", models.ForeignKey(on_delete=models.CASCADE, to=settings.AUTH_USER_MODEL)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
    ]

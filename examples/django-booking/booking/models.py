import uuid

from django.contrib.auth.models import User
from django.db import models


class Show(models.Model):
    title = models.CharField(max_length=200)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    capacity = models.PositiveIntegerField()
    # a guard of migration 0002: CHECK (available_seats >= 0)
    available_seats = models.PositiveIntegerField()


class Reservation(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    show = models.ForeignKey(Show, models.CASCADE)
    user = models.ForeignKey(User, models.CASCADE)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        # the other guard of migration 0002
        constraints = [models.UniqueConstraint(fields=["show", "user"], name="one_reservation_each")]

"""The same view, four times remedied. All but `book_with_lock` need the guards of migration 0002."""

from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from .models import Reservation, Show
from .views import BOOKED, REFUSED


def take_seat(show_id):
    """One statement looks and writes. False if no seat is left."""
    free = Show.objects.filter(pk=show_id, available_seats__gt=0)
    return free.update(available_seats=F("available_seats") - 1) == 1


@require_POST
@login_required
def book_with_f(request, show_id):
    """`F()` with a conditional `update()`, and `get_or_create()`, whose loser of a race gets the winner's row."""
    with transaction.atomic():
        _, created = Reservation.objects.get_or_create(show_id=show_id, user=request.user)
        if not created:
            return HttpResponse("you have a reservation", status=REFUSED)
        if not take_seat(show_id):
            transaction.set_rollback(True)
            return HttpResponse("sold out", status=REFUSED)
    return HttpResponse("booked", status=BOOKED)


@require_POST
@login_required
def book_with_lock(request, show_id):
    """`select_for_update()`: the second request waits here until the first has written all of it."""
    with transaction.atomic():
        show = get_object_or_404(Show.objects.select_for_update(), pk=show_id)
        if show.available_seats <= 0:
            return HttpResponse("sold out", status=REFUSED)
        if Reservation.objects.filter(show=show, user=request.user).exists():
            return HttpResponse("you have a reservation", status=REFUSED)
        Reservation.objects.create(show=show, user=request.user)
        show.available_seats -= 1
        show.save()
    return HttpResponse("booked", status=BOOKED)


@require_POST
@login_required
def book_with_upsert(request, show_id):
    """`ON CONFLICT DO NOTHING`: it is ours if the row with our id is there."""
    reservation = Reservation(show_id=show_id, user=request.user)
    with transaction.atomic():
        Reservation.objects.bulk_create([reservation], ignore_conflicts=True)
        if not Reservation.objects.filter(pk=reservation.pk).exists():
            return HttpResponse("you have a reservation", status=REFUSED)
        if not take_seat(show_id):
            transaction.set_rollback(True)
            return HttpResponse("sold out", status=REFUSED)
    return HttpResponse("booked", status=BOOKED)


@require_POST
@login_required
def book_with_constraints(request, show_id):
    """No look at all: the constraints answer."""
    try:
        with transaction.atomic():
            Reservation.objects.create(show_id=show_id, user=request.user)
            Show.objects.filter(pk=show_id).update(available_seats=F("available_seats") - 1)
    except IntegrityError:
        return HttpResponse("sold out, or you have a reservation", status=REFUSED)
    return HttpResponse("booked", status=BOOKED)

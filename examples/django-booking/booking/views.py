"""The shop as it is often written. Each view is right for one customer and wrong for two at once."""

from django.contrib.auth.decorators import login_required
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from .models import Reservation, Show

BOOKED = 201
REFUSED = 409


@login_required
def show(request, show_id):
    """The page of a show, with what the customer has booked."""
    show = get_object_or_404(Show, pk=show_id)
    booked = Reservation.objects.filter(user=request.user).select_related("show")
    lines = [f"{show.title}: {show.available_seats} seats left"] + [f"booked: {r.show.title}" for r in booked]
    return HttpResponse("\n".join(lines))


@require_POST
@login_required
def book(request, show_id):
    """Two requests read 1 and both write 0: a seat sold twice. Both see no reservation: the customer has two."""
    show = get_object_or_404(Show, pk=show_id)
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
def book_half_remedied(request, show_id):
    """`F()` loses no seat, but the check still comes before it: two requests read 1, and -1 is left."""
    show = get_object_or_404(Show, pk=show_id)
    if show.available_seats <= 0:
        return HttpResponse("sold out", status=REFUSED)
    if Reservation.objects.filter(show=show, user=request.user).exists():
        return HttpResponse("you have a reservation", status=REFUSED)
    Reservation.objects.create(show=show, user=request.user)
    Show.objects.filter(pk=show_id).update(available_seats=F("available_seats") - 1)
    return HttpResponse("booked", status=BOOKED)

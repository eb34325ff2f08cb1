"""Customers who press the button at the same moment, and a look into the books afterwards."""

import threading
from collections import Counter

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.db import connections
from django.db.models import Count, F
from django.test import Client

from booking.models import Reservation, Show

CUSTOMERS = 20
SEATS = 5
# in peace, so many of the customers want to see a show; in a rush, so many at once
FEW = 4
MANY = 12
TRIES = 10


class Command(BaseCommand):
    help = "Books through the given views, many customers at once, and says what is wrong in the books (exit code 1)."

    def add_arguments(self, parser):
        parser.add_argument("views", nargs="+", metavar="VIEW", help="such as book or book_with_f")
        parser.add_argument("--calm", type=int, default=100, help="shows without a rush, for each view (100)")
        parser.add_argument(
            "--rushes", type=int, default=50, help="shows with one, at most: a view that went wrong is done (50)"
        )

    def handle(self, views, calm, rushes, **options):
        customers = [User.objects.get_or_create(username=f"customer {n}")[0] for n in range(CUSTOMERS)]
        for view in views:
            answers = []
            for number in range(calm):
                show = opening(view)
                for n in range(FEW):
                    book(customers[(number + n) % CUSTOMERS], show, view, answers)
            seen = Counter()
            for _ in range(rushes):
                show = opening(view)
                rush(show, customers[:MANY], view, answers)
                seen.update(books(Show.objects.filter(pk=show.pk)))
                if seen[OVERBOOKED] and seen[DOUBLE]:
                    break
            count = Counter(answers)
            self.stdout.write(f"{view}: {count[201]} booked, {count[409]} refused, {count[500]} errors")
        faults = books(Show.objects.all())
        for fault, count in faults.items():
            self.stdout.write(f"{fault}: {count}")
        if any(faults.values()):
            raise SystemExit(1)


def opening(view):
    return Show.objects.create(title=view, price=20, capacity=SEATS, available_seats=SEATS)


def rush(show, customers, view, answers):
    """All press the button at once, and the first of them in two tabs of the browser."""
    tabs = customers[:1] + customers
    together = threading.Barrier(len(tabs))
    threads = [threading.Thread(target=tab, args=(user, show, view, answers, together)) for user in tabs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def tab(user, show, view, answers, together):
    try:
        book(user, show, view, answers, lambda: together.wait(timeout=60))
    finally:
        connections.close_all()


def book(user, show, view, answers, ready=lambda: None):
    """Looks at the page of the show, and books; again after an error, as people do."""
    client = Client(raise_request_exception=False, HTTP_HOST="localhost")
    client.force_login(user)
    client.get(f"/shows/{show.pk}/")
    ready()
    for _ in range(TRIES):
        answer = client.post(f"/shows/{show.pk}/{view}/").status_code
        if answer != 500:
            break
    answers.append(answer)


OVERBOOKED = "shows with more reservations than seats"
MISCOUNTED = "shows with a wrong number of available seats"
NEGATIVE = "shows with fewer than 0 available seats"
DOUBLE = "customers with two reservations of a show"


def books(shows):
    """In how many rows the books of these shows are wrong."""
    counted = shows.annotate(reserved=Count("reservation"))
    customers = Reservation.objects.filter(show__in=shows).values("show", "user").annotate(times=Count("id"))
    return {
        OVERBOOKED: counted.filter(reserved__gt=F("capacity")).count(),
        MISCOUNTED: counted.exclude(available_seats=F("capacity") - F("reserved")).count(),
        NEGATIVE: shows.filter(available_seats__lt=0).count(),
        DOUBLE: customers.filter(times__gt=1).count(),
    }

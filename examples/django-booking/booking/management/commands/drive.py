"""Customers who press the button at the same moment, and a look into the books afterwards."""

import threading
from collections import Counter

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.db import connections
from django.db.models import Count, F
from django.test import Client

from booking.models import Reservation, Show

CUSTOMERS = 8
SEATS = 5
TRIES = 10


class Command(BaseCommand):
    help = "Books through the given views, many customers at once, and says what is wrong in the books. 1 if anything is."

    def add_arguments(self, parser):
        parser.add_argument("views", nargs="+", metavar="VIEW", help="such as book or book_with_f")
        parser.add_argument("--rounds", type=int, default=5, help="shows that are sold out in a rush, for each view")
        parser.add_argument("--calm", type=int, default=0, help="customers who book one by one before, for each view")

    def handle(self, views, rounds, calm, **options):
        for view in views:
            answers = []
            quiet = Show.objects.create(title=f"{view}, quiet", price=20, capacity=calm, available_seats=calm)
            for user in users(f"{view}-{quiet.pk}", calm):
                book(user, quiet, view, answers)
            for number in range(rounds):
                show = Show.objects.create(title=f"{view} {number}", price=20, capacity=SEATS, available_seats=SEATS)
                rush(show, view, answers)
            count = Counter(answers)
            self.stdout.write(f"{view}: {count[201]} booked, {count[409]} refused, {count[500]} errors")
        faults = books()
        for fault, count in faults.items():
            self.stdout.write(f"{fault}: {count}")
        if any(faults.values()):
            raise SystemExit(1)


def users(name, count):
    return User.objects.bulk_create(User(username=f"{name}-{n}") for n in range(count))


def rush(show, view, answers):
    """Each customer presses the button twice, in two tabs of the browser, and all at once."""
    tabs = 2 * users(f"{view}-{show.pk}", CUSTOMERS)
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


def books():
    """What is wrong, and in how many rows."""
    shows = Show.objects.annotate(reserved=Count("reservation"))
    pairs = Reservation.objects.values("show", "user").annotate(times=Count("id"))
    return {
        "shows with more reservations than seats": shows.filter(reserved__gt=F("capacity")).count(),
        "shows with a wrong number of available seats": shows.exclude(
            available_seats=F("capacity") - F("reserved")
        ).count(),
        "shows with fewer than 0 available seats": shows.filter(available_seats__lt=0).count(),
        "customers with two reservations of a show": pairs.filter(times__gt=1).count(),
    }

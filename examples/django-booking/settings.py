import os
from urllib.parse import parse_qsl, unquote, urlsplit

# postgresql://… or cockroachdb://…
url = urlsplit(os.environ["DATABASE_URL"])
ENGINES = {"postgresql": "django.db.backends.postgresql", "cockroachdb": "django_cockroachdb"}

DATABASES = {
    "default": {
        "ENGINE": ENGINES[url.scheme],
        "NAME": url.path[1:],
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": url.hostname or "",
        "PORT": url.port or "",
        "OPTIONS": {"application_name": "booking", **dict(parse_qsl(url.query))},
    }
}

INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "booking"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "booking.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
SECRET_KEY = "an example holds no secrets"
ALLOWED_HOSTS = ["localhost"]

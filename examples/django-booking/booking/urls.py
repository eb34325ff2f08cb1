from django.urls import path

from . import remedies, views

urlpatterns = [path("shows/<int:show_id>/", views.show)] + [
    path(f"shows/<int:show_id>/{view.__name__}/", view)
    for view in [
        views.book,
        views.book_half_remedied,
        remedies.book_with_f,
        remedies.book_with_lock,
        remedies.book_with_upsert,
        remedies.book_with_constraints,
    ]
]

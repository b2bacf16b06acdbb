"""What a person does with their own account, where allauth has no page for it."""

from django.urls import path

from foundation.people import views

app_name = "people"
urlpatterns = [path("sessions/<int:pk>/end/", views.end_session, name="end_session")]

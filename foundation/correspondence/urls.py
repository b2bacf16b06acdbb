from django.urls import path

from foundation.correspondence import views

app_name = "correspondence"
urlpatterns = [
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("incoming/<slug:code>/", views.incoming, name="incoming"),
]

"""What the signed-in customer and partner see."""

from django.urls import path

from interfaces.selfcare import views

app_name = "selfcare"
urlpatterns = [
    path("", views.start, name="start"),
    path("orders/<int:pk>/", views.order, name="order"),
    path("sales/", views.sales, name="sales"),
]

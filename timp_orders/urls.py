app_name = "timp_orders"
urlpatterns: list[object] = []

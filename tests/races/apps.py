from django.apps import AppConfig


class RacesConfig(AppConfig):
    name = "tests.races"

    def ready(self):
        from tests.races.models import witness
        from timp_orders.signals import BY_ACTION

        for signal in BY_ACTION.values():
            signal.connect(witness)

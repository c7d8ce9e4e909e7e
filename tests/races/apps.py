from django.apps import AppConfig


class RacesConfig(AppConfig):
    name = "tests.races"

    def ready(self):
        from tests.races.models import MARKS, witness, witness_mark
        from timp_orders import signals

        for signal in signals.BY_ACTION.values():
            signal.connect(witness)
        for name in MARKS:
            getattr(signals, f"cancellation_{name}").connect(witness_mark(name), weak=False)

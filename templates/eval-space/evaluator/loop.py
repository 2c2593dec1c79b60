"""Take a run, keep it, end it; again and again. What it does not know it does not say."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from evaluator.api import Api, Run
from evaluator.bench import Ended, Stopped, perform
from evaluator.buckets import Buckets
from evaluator.ending import end_all
from evaluator.web import Refused, Unavailable
from evaluator.status import Status

LONGEST_WAIT_S = 300.0


@dataclass
class Loop:
    api: Api
    buckets: Buckets
    status: Status
    poll_s: float
    stop: threading.Event
    say: Callable[[str], None]
    needs_layer: bool = False

    def forever(self) -> None:
        """Until `stop`."""
        failures = 0
        while not self.stop.is_set():
            try:
                busy = self.once()
                failures = 0
            except (Refused, Unavailable) as error:
                busy, failures = False, failures + 1
                self.status.failed(str(error))
                self.say(f"waiting: {error}")
            if not busy:
                self.stop.wait(min(LONGEST_WAIT_S, self.poll_s * 2 ** min(failures, 10)))

    def once(self) -> bool:
        """One run, if there is one, and nothing of an earlier one is left. @raises Refused, Unavailable"""
        if not end_all():
            raise Unavailable("a run has left programs that cannot be ended: restart this Space")
        run = self.api.claim()
        self.status.asked(run.result if run else None)
        if run is None:
            return False
        self.say(f"{run.result}: run {run.id}")
        given_up = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(run, given_up), daemon=True)
        keeper.start()
        try:
            ended = perform(run, self.buckets, given_up, self.needs_layer)
        except Stopped:
            self._give_back(run)
            return True
        except (Refused, Unavailable, OSError) as error:  # this machine, this token or the Hub: never the submission
            self._give_back(run)
            raise error if isinstance(error, (Refused, Unavailable)) else Unavailable(str(error)) from None
        else:
            self._tell(run, ended, given_up)
            return True
        finally:
            given_up.set()
            self.status.idle()

    def _keep(self, run: Run, given_up: threading.Event) -> None:
        """Renews the lease; sets `given_up` when it is gone, or when the evaluator is to stop."""
        every = min(run.renew_every_s, 30.0)
        waited = 0.0
        while not given_up.wait(0.2):
            if self.stop.is_set():
                return given_up.set()
            waited += 0.2
            if waited < every:
                continue
            waited = 0.0
            try:
                self.api.renew(run)
            except Unavailable:
                continue
            except Refused as error:
                self.say(f"{run.result}: no longer ours: {error}")
                return given_up.set()

    def _give_back(self, run: Run) -> None:
        """Nothing counts of it. Where that cannot be told, the lease ends by itself."""
        try:
            self.api.release(run)
            self.say(f"{run.result}: given back")
        except (Refused, Unavailable) as error:
            self.say(f"{run.result}: not given back: {error}")

    def _tell(self, run: Run, ended: Ended, given_up: threading.Event) -> None:
        """Tells it until the server has it; what it will not take as evidence is told without."""
        wait = 1.0
        while not given_up.is_set():
            try:
                state = self.api.end(run, ended.report())
                self.status.ended(state)
                return self.say(f"{run.result}: {state}")
            except Unavailable as error:
                self.say(f"{run.result}: not told yet: {error}")
                given_up.wait(wait)
                wait = min(wait * 2, 30.0)
            except Refused as error:
                self.say(f"{run.result}: refused: {error}")
                if error.status not in (413, 422) or not ended.files:
                    return
                ended = Ended(message=f"the evidence was refused: {error}", seconds=ended.seconds)

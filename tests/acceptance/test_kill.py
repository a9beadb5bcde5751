import csv
import random
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from hub.report import RunRequest
from hub_mailchimp.sandbox import MailchimpSandbox
from tests.support.acceptance import (
    NOW,
    Facts,
    Shop,
    Town,
    delivering_shop,
    facts,
    killable,
    run_and_tell,
    run_once,
    town,
)

KILLS = 12


def change(place: Town, chance: random.Random, day: int) -> None:
    """Let some time pass in the town: a new person, new orders, some that vanish, a name, a word taken back."""
    number = max(place.names) + 1
    place.names[number] = f"Name{number}"
    for key in range(3):
        place.orders[f"D{day}-{key}"] = (chance.choice(sorted(place.names)), chance.choice([40, 80, 120]))
    del place.orders[chance.choice(sorted(place.orders))]
    place.names[chance.choice(sorted(place.names))] = f"Renamed{day}"
    undecided = chance.choice(sorted(place.names))
    place.refused ^= {undecided}
    place.spoke[undecided] = day + 1


def signs(receiver: Connection) -> Iterator[str]:
    """Yield what a run tells, until it ends or is killed."""
    try:
        while True:
            yield receiver.recv()
    except EOFError:
        receiver.close()


def run_and_kill(shop: Shop, hour: int, chance: random.Random) -> str:
    """Run in a process of its own and kill it at a random sign of life or a little later; return the last sign."""
    context = killable()
    receiver, sender = context.Pipe(duplex=False)
    worker = context.Process(target=run_and_tell, args=(shop.root, hour, sender))
    worker.start()
    sender.close()
    last = "nothing"
    after = chance.randrange(1, 16)
    for count, sign in enumerate(signs(receiver), start=1):
        last = sign
        if count == after:
            time.sleep(chance.uniform(0, 0.03))
            worker.kill()
    worker.join()
    return last


def settled(shop: Shop, hour: int) -> Facts:
    """Run until nothing is unknown any more: once, or twice where an unanswered request must not be crossed."""
    request = RunRequest(until="deliver", as_of=NOW + timedelta(hours=hour))
    with shop.open() as project:
        report = run_once(project, request)
        if report.status != "green":
            time.sleep(1)  # the file destination's bound
            report = run_once(project, request)
        assert "green" == report.status
        return facts(project)


def outcome(derived: Facts, shop: Shop, box: MailchimpSandbox) -> dict[str, object]:
    """All that must be the same: what is derived, who is on the list, who carries the tag, who is in the file."""
    with (shop.root / "output" / "mailing.csv").open(encoding="utf-8", newline="") as file:
        listed = sorted((row["customer"], row["name"]) for row in csv.DictReader(file))
    values = {member.address: dict(member.values) for member in box.default.members.values()}
    return {**derived, "mailing": listed, "contacts": values, "tagged": set(box.members("Customers", tag="big"))}


@pytest.mark.slow
def test_killed_at_any_moment_ends_the_same(tmp_path: Path) -> None:
    """A run killed at any step and run again leaves what an undisturbed run leaves: people, segments, both lists."""
    chance, place = random.Random(11), town()
    with MailchimpSandbox() as box, MailchimpSandbox() as other:
        calm = delivering_shop(tmp_path / "calm", other.url, other.api_key)
        killed = delivering_shop(tmp_path / "killed", box.url, box.api_key)
        shutil.copy(calm.root / "data" / "key", killed.root / "data" / "key")  # profile ids depend on it
        signs_of_death = set()
        for hour in range(KILLS):
            for shop in (calm, killed):
                shop.write(place.files())
            signs_of_death.add(run_and_kill(killed, hour, chance))
            expected, actual = settled(calm, hour), settled(killed, hour)
            message = f"hour {hour}, after {sorted(signs_of_death)}"
            assert outcome(expected, calm, other) == outcome(actual, killed, box), message
            assert place.big() == set(box.members("Customers", tag="big"))
            change(place, chance, hour)
        assert len(signs_of_death) >= 4, "killed at different steps"


def test_killed_run_is_told(tmp_path: Path) -> None:
    """A run that was killed stands in the history as crashed, and the next one is not kept from working."""
    with MailchimpSandbox() as box:
        shop = delivering_shop(tmp_path, box.url, box.api_key)
        run_and_kill(shop, 0, random.Random(1))
        settled(shop, 0)
        with shop.open() as project:
            assert "crashed" in {run.status for run in project.store.runs()}
        assert town().big() == set(box.members("Customers", tag="big"))

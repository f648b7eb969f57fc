"""`python -m demo`: play a campaign through the public interfaces, and show what happened."""

import argparse
import os
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from urllib3.exceptions import HTTPError

from demo import city, district, district_data
from demo.client import Answered, NeverHappened
from demo.world import World, load
from deploy.local.refusal import Refusal

STORIES = {"city": city, "district": district}


def main() -> int:
    """Start the stack, play, show, check; stay or stop. Returns the exit code."""
    options = _options()
    story = STORIES[options.size]
    data = district_data.make(options.seed) if options.size == "district" else load("goyang.yaml")
    shift = _shift(data["plays_in"])
    os.environ["IEUM_CLOCK_SHIFT"] = str(int(shift.total_seconds()))
    started = time.monotonic()
    try:
        stack = _stack(options.target, options.stack)
        _started(stack)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    steps: list[tuple[str, float]] = [("start", time.monotonic() - started)]
    try:
        world = _world(stack, data, shift)
        for chapter, play in story.CHAPTERS:
            begun = time.monotonic()
            _say(f"— {chapter}")
            play(world)
            steps.append((chapter, time.monotonic() - begun))
        story.show(world, steps)
        wrong = story.check(world)
        for one in wrong:
            print(f"MISMATCH: {one}", file=sys.stderr)
        if not wrong:
            _say(f"everything holds that has to ({time.monotonic() - started:.0f} s)")
        if options.once:
            return 1 if wrong else 0
        _stay(stack)
        return 0
    except (Answered, NeverHappened, AssertionError) as stopped:
        print(f"the story stopped: {stopped}", file=sys.stderr)
        if "run" in world.ids:
            story.show(world, steps)
        return 1
    except (HTTPError, Refusal) as gone:
        print(
            f"The stack does not answer any more ({gone}): it was stopped, or another "
            "`make demo` has started it anew. Start again.",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        _say("stopping")
        stack.release()


def _started(stack: Any) -> None:
    """Start it with empty data; whoever gives up meanwhile leaves nothing behind."""
    try:
        stack.start(fresh=True, follow=True, progress=_say)
    except KeyboardInterrupt:
        _say("stopping")
        stack.release()
        raise


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--size", choices=sorted(STORIES), default="city")
    parser.add_argument("--target", choices=("local", "compose"), default="local")
    parser.add_argument("--once", action="store_true", help="check, stop everything, and exit")
    parser.add_argument("--seed", type=int, default=1, help="seed of the generated data")
    parser.add_argument("--stack", default="run", help="name of the local stack")
    return parser.parse_args()


def _stack(target: str, name: str) -> Any:
    if target == "compose":
        from deploy.compose.stack import ComposeStack

        return ComposeStack()
    from deploy.local.stack import Stack

    return Stack(name)


def _shift(plays_in: str) -> timedelta:
    """How far the story's time lies from now, in whole seconds."""
    gap = datetime.fromisoformat(plays_in) - datetime.now(UTC)
    return timedelta(seconds=int(gap.total_seconds()))


def _world(stack: Any, data: dict[str, Any], shift: timedelta) -> World:
    world = World(
        data=data,
        origin=stack.addresses["public"],
        mail_api=stack.mail_api,
        command=stack.command,
        say=_say,
        shift=shift,
    )
    world.notes["mails"] = stack.mails
    world.notes["logs_with"] = stack.logs_with
    return world


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


def _stay(stack: Any) -> None:
    print("It stays up until Ctrl-C.", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        signal.pause()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    raise SystemExit(main())

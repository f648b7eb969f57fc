"""Operators' commands of registration beside those that every service has."""

from pathlib import Path

import click

from chassis.act import Act
from chassis.context import Context, open_context
from chassis.printing import as_json, tell
from chassis.settings import Settings
from chassis.teaching import examples
from services.registration.accounts import operations as accounts
from services.registration.accounts.model import Role
from services.registration.accounts.operations import NewHolder
from services.registration.contacts import operations as contacts
from services.registration.contacts.model import Reach
from services.registration.keys import operations as signing
from services.registration.organisations import operations as organisations
from services.registration.organisations.model import Details, Kind

PROGRAM = "python -m services.registration"


def opened() -> Context:
    """Settings, database and keys of this process."""
    return open_context(Settings(service="registration"))


@click.group(help="Accounts that no invitation can reach: the first ones.")
def user() -> None: ...


@user.command(
    name="create",
    help="Open an account, and found its organisation unless one is named. Repeating it for a "
    "login that is there changes nothing. The password comes from a file or is asked for.",
    epilog=examples(
        f"{PROGRAM} user create --login office --organisation-name 'Career centre' "
        "--phone 031-000-1004 --email office@example.kr",
        f"{PROGRAM} user create --login second --organisation ID --password-file FILE --json",
    ),
)
@click.option("--login", required=True, help="What the person types to sign in.")
@click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file whose first line is the password; asked for if it is not given.",
)
@click.option("--role", type=click.Choice(["centre", "admin", "office"]), default="centre")
@click.option("--organisation", help="The id of an organisation that is there.")
@click.option("--organisation-name", help="The name of the organisation to found.")
@click.option(
    "--organisation-kind",
    type=click.Choice([kind.value for kind in Kind]),
    default=Kind.CENTRE.value,
)
@click.option("--district", help="The code of the district that the organisation lies in.")
@click.option("--phone", help="The organisation's public telephone number.")
@click.option("--person", help="The person's name.")
@click.option("--email", help="Where messages to this post go.")
@click.option("--telephone", help="Whom to call if there is no e-mail address.")
@as_json
def create(
    login: str,
    password_file: Path | None,
    role: str,
    organisation: str | None,
    organisation_name: str | None,
    organisation_kind: str,
    district: str | None,
    phone: str | None,
    person: str | None,
    email: str | None,
    telephone: str | None,
    as_json: bool,
) -> None:
    """Open an account from files and prompts."""
    if (organisation is None) == (organisation_name is None):
        raise click.UsageError("give either --organisation or --organisation-name")
    if password_file is None:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = password_file.read_text().splitlines()[0]
    act = opened().act(seed=f"user|{login}")
    if organisation is None:
        details = Details(
            kinds=(Kind(organisation_kind),),
            name=organisation_name or "",
            district=district,
            phone=phone,
        )
        organisation = _organisation(act, login, details)
    holder = NewHolder(login, password, Reach(person=person, email=email, telephone=telephone))
    receipt = accounts.create_user(act, organisation, Role(role), "coordinator", holder)
    signing.ensure(act)
    tell(
        {
            "account": receipt.id,
            "organisation": organisation,
            "login": login,
            "state": receipt.state,
        },
        as_json,
    )


def _organisation(act: Act, login: str, details: Details) -> str:
    """The organisation of an account that is there already, or a new one."""
    there = accounts.account_of(act, login)
    if there is not None:
        return accounts.account(act, there).state.organisation
    return organisations.found_centre(act, details).id


@click.group(help="The keys that sign tokens.")
def keys() -> None: ...


@keys.command(
    name="rotate",
    help="Replace the signing key now; the old one runs out by itself.",
    epilog=examples(f"{PROGRAM} keys rotate", f"{PROGRAM} keys rotate --json"),
)
@as_json
def rotate(as_json: bool) -> None:
    """Replace the signing key."""
    made = signing.rotate(opened().act())
    tell({"kid": made.id, "signs until": made.state.signs_until}, as_json)


@keys.command(
    name="revoke",
    help="Make every token void that was signed with a key.",
    epilog=examples(f"{PROGRAM} keys revoke KID", f"{PROGRAM} keys rotate   # if no other is left"),
)
@click.argument("kid")
@as_json
def revoke(kid: str, as_json: bool) -> None:
    """Let a key verify nothing any more."""
    signing.revoke(opened().act(), kid)
    tell({"kid": kid, "state": "retired"}, as_json)


@click.command(
    name="contacts-again",
    help="Send every contact to notifications again; its sealed topic is kept for seven days.",
    epilog=examples(f"{PROGRAM} contacts-again", f"{PROGRAM} contacts-again --json"),
)
@as_json
def contacts_again(as_json: bool) -> None:
    """Send every contact again."""
    tell({"sent": contacts.send_all_again(opened().act())}, as_json)


COMMANDS: tuple[click.Command, ...] = (user, keys, contacts_again)

"""Posts and accounts in MongoDB, and the reservation of logins."""

from chassis.act import Act, collection
from chassis.documents import Aggregates, Owners, Page, Stored
from services.registration.accounts.model import Account, AccountStatus, Post, Role

LOGINS = "logins"
"""One document per login; its `_id` is the login, so that no two accounts can hold it."""

posts: Aggregates[Post] = Aggregates(
    "posts",
    None,
    Post,
    lambda state: Owners(centre=state.centre, parties=(state.organisation,)),
    indexes=[[("state.organisation", 1)]],
)

accounts: Aggregates[Account] = Aggregates(
    "accounts",
    "registration.accounts",
    Account,
    lambda state: Owners(centre=state.centre, parties=(state.organisation,)),
    indexes=[[("state.organisation", 1)]],
)


def reserve_login(act: Act, login: str, account: str) -> bool:
    """Hold a login for an account, inside the act's transaction. False if another holds it.

    No scope: a login is unique over all centres. Whose it is does not leave, only that it is taken.
    """
    kept = collection(act, LOGINS)
    kept.update_one(
        {"_id": login}, {"$setOnInsert": {"account": account}}, upsert=True, session=act.session
    )
    found = kept.find_one({"_id": login}, session=act.session)
    return found is not None and found["account"] == account


def account_of(act: Act, login: str) -> str | None:
    """The account that a login belongs to.

    No scope: signing in comes before any scope; the account itself is then read in its own.
    """
    found = collection(act, LOGINS).find_one({"_id": login}, session=act.session)
    return str(found["account"]) if found else None


def posts_of(act: Act, organisation: str) -> list[Stored[Post]]:
    """The posts of an organisation within scope."""
    return list(posts.each(act, {"state.organisation": organisation}))


def of_organisation(act: Act, organisation: str) -> list[Stored[Account]]:
    """The accounts of an organisation within scope."""
    return list(accounts.each(act, {"state.organisation": organisation}))


def staff(act: Act, centre: str, organisation: str) -> list[Stored[Account]]:
    """The accounts of an organisation that run a centre and are not shut out already."""
    return list(
        accounts.each(
            act,
            {
                "state.organisation": organisation,
                "state.centre": centre,
                "state.role": Role.CENTRE.value,
                "state.status": {"$in": [AccountStatus.ACTIVE.value, AccountStatus.PENDING.value]},
            },
        )
    )


def page(act: Act, organisation: str | None, limit: int, after: str | None) -> Page[Account]:
    """A page of the accounts within scope, of one organisation if it is named."""
    wanted = {"state.organisation": organisation} if organisation else {}
    return accounts.find(act, wanted, limit=limit, after=after)

from uuid import UUID

from store.capture import Claims
from store.classification.ownership import Owner, Ownership
from store.classification.rules import ClassificationRules, Integration, Organization
from store.identity import integration_id, organization_id
from tests.store.captures import incoming, outgoing

KNOWN = ClassificationRules(
    organizations=[Organization(name="acme"), Organization(name="beta")],
    integrations=[Integration(name="erp", organization="beta", hosts="*.erp.example")],
)


def owner(
    rules: ClassificationRules = KNOWN, by_rule: str | None = None, **fields: object
) -> Owner:
    claims = Claims(organization=fields.pop("claimed", None))  # type: ignore[arg-type]
    url = str(fields.pop("url", "https://x.test/"))
    return Ownership(rules).organization(outgoing("GET", url, **fields), claims, by_rule)


def test_a_bound_listener_decides_whatever_is_claimed() -> None:
    found = owner(organization="acme", may_claim_organization=False, claimed="beta", by_rule="beta")
    assert found == ("acme", organization_id("acme"), None)


def test_a_claim_comes_before_the_listeners_default() -> None:
    assert owner(organization="acme", claimed="beta").name == "beta"
    assert owner(organization="acme", claimed=str(organization_id("beta"))).name == "beta"


def test_an_unknown_claim_falls_back_and_is_told() -> None:
    assert owner(organization="acme", claimed="ghost") == Owner(
        "acme", organization_id("acme"), "ghost"
    )
    assert owner(claimed="ghost").name == "default"
    assert owner(claimed="ghost").unknown == "ghost"


def test_without_configured_organizations_every_claim_counts() -> None:
    found = owner(ClassificationRules(), claimed="ghost")
    assert found == ("ghost", organization_id("ghost"), None)


def test_the_default_may_always_be_claimed() -> None:
    assert owner(organization="acme", claimed="default").name == "default"


def test_rule_then_listener_then_the_hosts_integration_then_the_default() -> None:
    erp = "https://eu.erp.example/"
    assert owner(url=erp, organization="acme", by_rule="beta").name == "beta"
    assert owner(url=erp, organization="acme").name == "acme"
    assert owner(url=erp).name == "beta"
    assert owner().name == "default"


def test_integrations_are_found_by_name_and_by_id() -> None:
    ownership = Ownership(KNOWN)
    beta = Owner("beta", organization_id("beta"))
    identifier = integration_id(beta.id, "erp")
    assert ownership.integration(beta, "erp") == ("erp", identifier, None)
    assert ownership.integration(beta, str(identifier)) == ("erp", identifier, None)


def test_names_of_integrations_are_derived_below_their_organization() -> None:
    ownership = Ownership(ClassificationRules())
    acme, beta = (Owner(name, organization_id(name)) for name in ("acme", "beta"))
    assert ownership.integration(acme, "x")[1] != ownership.integration(beta, "x")[1]
    given = UUID("22222222-2222-4222-8222-222222222222")
    assert ownership.integration(acme, str(given))[1] == given


def test_the_host_of_a_webhook_decides_nothing() -> None:
    forged = incoming(host="eu.erp.example")
    assert Ownership(KNOWN).organization(forged, Claims(), None).name == "default"

import pytest

from store.classification.path_template import path_template


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/", "/"),
        ("/v1/devices", "/v1/devices"),
        (
            "/v1/projects/nn-cellular/devices/68bf1cc5425dd2ea93f248a3",
            "/v1/projects/nn-cellular/devices/{id}",
        ),
        ("/users/42", "/users/{id}"),
        ("/users/42/", "/users/{id}/"),
        ("/users/a@b.example", "/users/{id}"),
        ("/orders/2f1c7a52-1a8e-4c47-8d26-6d7b8f6c0a11/items", "/orders/{id}/items"),
        ("/v1/customers/cus_9s6XKzkNRiz8i3", "/v1/customers/{id}"),
        ("/v2beta1/things", "/v2beta1/things"),
        ("/api/v1.0/x", "/api/v1.0/x"),
        ("/oauth2/v4/token", "/oauth2/v4/token"),
        ("/v1/projects/p-17/topics/t:publish", "/v1/projects/{id}/topics/t:publish"),
        ("/files/1234567.json", "/files/{id}.json"),
        ("/a%20b/c", "/{id}/c"),
        ("/hooks/[REDACTED:3f9a1c2e]", "/hooks/{id}"),
        ("/bot123456:FAKE-token_x/sendMessage", "/{id}/sendMessage"),
        ("/email/outbound-bulk-emails", "/email/outbound-bulk-emails"),
        ("/services/a-name-that-is-very-long-indeed", "/services/a-name-that-is-very-long-indeed"),
        ("/x/ListNamedShadowsForThing", "/x/ListNamedShadowsForThing"),
        ("/t/aBcDeFgHiJkLmNoPqRsTuVwXyZ", "/t/{id}"),
        ("/cars;color=red/42", "/cars/{id}"),
        ("*", "{id}"),
    ],
)
def test_variable_pieces_are_replaced_and_words_stay(path: str, template: str) -> None:
    assert path_template(path) == template


def test_a_template_is_its_own_template() -> None:
    for path in ("/users/42/x", "/v1/a/b.json", "/x/1:publish", "/a%20b"):
        once = path_template(path)
        assert path_template(once) == once


def test_endless_paths_are_capped() -> None:
    template = path_template("/a" * 20_000)
    assert template.endswith("/...")
    assert len(template) < 100

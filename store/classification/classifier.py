"""What an exchange was for: the service's own words, the operator's rules, the catalogue."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from store.activity import ActivityType, Direction
from store.capture import Capture, Claims
from store.classification.catalogue import Call, Provider, built_in_catalogue
from store.classification.glob import Matcher, compile_patterns
from store.classification.ownership import Ownership
from store.classification.path_template import path_template
from store.classification.rules import Classification, ClassificationRules, Rule
from store.classification.webhooks import Webhook, built_in_webhooks

CACHED_CALLS: Final = 8192
CACHED_HOSTS: Final = 2048

UNKNOWN_SENDER: Final = "webhooks"
"""The integration of webhooks that nothing tells apart. Not the Host header: anybody on the
internet may send any, and each would stay in the lists for ever."""

_TYPES: Final = {word.value: word for word in ActivityType}
_NO_CLAIMS: Final = Claims()
_NO_RULE: Final = Rule()
_NO_WEBHOOK: Final = Webhook()


class _CompiledRule(NamedTuple):
    rule: Rule
    method: Matcher | None
    host: Matcher | None
    path: Matcher | None

    def fits(self, capture: Capture, path: str) -> bool:
        return (
            (self.rule.direction is None or self.rule.direction is capture.direction)
            and (self.method is None or self.method(capture.method))
            and (self.host is None or self.host(capture.host))
            and (self.path is None or self.path(path))
        )


class Classifier:
    """Classifies captures by one set of rules. Immutable: new rules make a new classifier."""

    def __init__(self, rules: ClassificationRules) -> None:
        """Raises `RuleError` when a pattern cannot be used."""
        self._ownership = Ownership(rules)
        self._rules = [_compile_rule(rule, place) for place, rule in enumerate(rules.rules, 1)]
        self._webhooks = built_in_webhooks()
        self._provider = lru_cache(CACHED_HOSTS)(built_in_catalogue().find)
        self._calls = lru_cache(CACHED_CALLS)(_fitting_calls)

    def classify(self, capture: Capture, headers: Mapping[bytes, bytes]) -> Classification:
        """What a capture is. `headers` are its request's, names in lower case."""
        path = capture.target.partition("?")[0]
        template = path_template(path)
        rule = self._rule(capture, path) if self._rules else _NO_RULE
        if capture.direction is Direction.INCOMING:
            return self._incoming(capture, headers, rule, template)
        return self._outgoing(capture, rule, template)

    def _outgoing(self, capture: Capture, rule: Rule, template: str) -> Classification:
        host = capture.host.lower().rstrip(".")
        claims = capture.claims or _NO_CLAIMS
        owner = self._ownership.organization(capture, claims, rule.organization)
        found = self._provider(host)
        call, provider, name = None, rule.provider, host
        if found is not None:
            provider = provider or found[0].name
            name = found[1]
            call, template = self._call(found[0], capture, template)
        name = (
            claims.integration
            or capture.integration
            or rule.integration
            or self._ownership.find(owner.id, host, provider)
            or name
        )
        name, identifier, configured = self._ownership.integration(owner, name)
        claimed = _TYPES.get(claims.activity_type) if claims.activity_type else None
        activity_type = (
            claimed
            or rule.activity_type
            or (call.activity_type if call is not None else ActivityType.API_CALL)
        )
        return Classification(
            organization=owner.name,
            organization_id=owner.id,
            integration=name,
            integration_id=identifier,
            provider=provider or configured,
            activity_type=activity_type,
            path_template=template,
            unknown_organization=owner.unknown,
            unknown_activity_type=None if claimed else claims.activity_type or None,
        )

    def _incoming(
        self, capture: Capture, headers: Mapping[bytes, bytes], rule: Rule, template: str
    ) -> Classification:
        # A partner's words about itself are no claims: only our own service may make them.
        owner = self._ownership.organization(capture, _NO_CLAIMS, rule.organization)
        webhook = self._webhooks.recognise(headers, capture.request_body)
        provider = rule.provider or webhook.provider
        name = capture.integration or rule.integration
        if name is None and provider is not None:
            name = self._ownership.of_provider(owner.id, provider) or provider
        name, identifier, configured = self._ownership.integration(owner, name or UNKNOWN_SENDER)
        return Classification(
            organization=owner.name,
            organization_id=owner.id,
            integration=name,
            integration_id=identifier,
            provider=provider or configured,
            activity_type=rule.activity_type or ActivityType.WEBHOOK_RECEIVED,
            path_template=template,
            event=webhook.event,
            signature_header=_spelling(capture, webhook.signature_header),
        )

    def _rule(self, capture: Capture, path: str) -> Rule:
        return next((each.rule for each in self._rules if each.fits(capture, path)), _NO_RULE)

    def _call(self, provider: Provider, capture: Capture, template: str) -> tuple[Call | None, str]:
        """The catalogue's line that fits, and its template of the path."""
        for call, named in self._calls(provider, capture.method, template):
            if call.condition is None or call.condition(capture):
                return call, named
        return None, template


def _fitting_calls(provider: Provider, method: str, template: str) -> tuple[tuple[Call, str], ...]:
    """The catalogue's lines that fit so far, up to the first without a condition."""
    fitting = []
    for call in provider.calls:
        if method in call.methods and call.fits(template):
            fitting.append((call, call.path_template(template)))
            if call.condition is None:
                break
    return tuple(fitting)


def _compile_rule(rule: Rule, place: int) -> _CompiledRule:
    where = f"rule {place}"
    return _CompiledRule(
        rule,
        compile_patterns(rule.method, f"{where}: method"),
        compile_patterns(rule.host, f"{where}: host"),
        compile_patterns(rule.path, f"{where}: path"),
    )


def _spelling(capture: Capture, name: bytes | None) -> str | None:
    """A header's name as it was sent."""
    if name is None:
        return None
    sent = next((field for field, _ in capture.request_headers if field.lower() == name), name)
    return sent.decode("latin-1")

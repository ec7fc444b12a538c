"""The answer of one exchange on its way to the client."""

from addons import http1_write
from addons.exchange import Exchange, clock
from addons.http1_head import AnswerHead, RequestHead
from addons.http1_parse_answer import AnswerItem, End


class AnswerSide:
    """Turns what was parsed of an answer into bytes for the client, and takes the capture."""

    __slots__ = ("_chunked", "_exchange", "_request", "ended", "head", "keep", "unframed")

    def __init__(self, request: RequestHead, exchange: Exchange) -> None:
        self._request = request
        self._exchange = exchange
        self._chunked = False
        self.head: AnswerHead | None = None
        """The final head, once it was passed on."""
        self.keep = False
        """Whether the client connection may be used again after this answer."""
        self.ended = False
        self.unframed = False
        """The body ends with the client's connection, so that only a reset tells that it is not
        complete."""

    def pass_on(self, items: list[AnswerItem], *, close: bool) -> bytes:
        """The bytes for the client; `close`: the connection is to be closed behind them."""
        exchange = self._exchange
        out: list[bytes] = []
        for item in items:
            if type(item) is bytes:
                exchange.take_answer(item)
                out.append(http1_write.chunk(item) if self._chunked else item)
            elif type(item) is AnswerHead:
                out.append(self._interim(item) if item.interim else self._final(item, close))
            elif type(item) is End:
                self.ended = True
                if self._chunked:
                    exchange.response_trailers = item.trailers
                    out.append(http1_write.last_chunk(item.trailers))
        return out[0] if len(out) == 1 else b"".join(out)

    def _interim(self, answer: AnswerHead) -> bytes:
        # RFC 9110, 15.2: a client of HTTP/1.0 does not know them.
        if self._request.minor == 0:
            return b""
        return http1_write.answer_head(answer, chunked=False, hop=b"")

    def _final(self, answer: AnswerHead, close: bool) -> bytes:
        exchange, request = self._exchange, self._request
        exchange.answered_at = clock()
        exchange.take_answer_head(answer)
        self.head = answer
        modern = request.minor == 1
        chunked = answer.chunked is not None and modern
        self._chunked = chunked and not answer.bodiless
        self.unframed = not (chunked or answer.bodiless or answer.length is not None)
        keep = self.keep = (
            not close
            and not request.close
            and not answer.until_close
            and (modern or answer.length is not None or answer.bodiless)
        )
        if modern:
            hop = b"" if keep else b"Connection: close\r\n"
        else:
            hop = b"Connection: keep-alive\r\n" if keep else b""
        return http1_write.answer_head(answer, chunked=chunked, hop=hop)

"""States of the HTTP/1.1 relay, and what leads from one to the next.

States of the connection:

    state    what happens                             leaves it
    IDLE     between requests                         a byte -> HEAD
    HEAD     a head is coming                         complete -> RELAY, or HANDED;
                                                      malformed, too slow -> page, LINGER
    RELAY    an exchange is in flight                 both sides complete -> IDLE or CLOSED;
                                                      failure -> page and IDLE, or LINGER, CLOSED
    HANDED   another layer has the connection:        -
             a CONNECT's tunnel, HTTP/2, WebSocket
    LINGER   answered before all of the request       client closes, or 2 s -> CLOSED
             was read; the rest is thrown away
    CLOSED   nothing is done any more                 -

Stages of the answer in RELAY:

    stage    what happens                             deadline
    COMMIT   a durable request is read and committed  idle; the commit has its own
    DIAL     the upstream is being connected          connect
    WAIT     the request goes up                      idle until it is complete, then answer_head
    BODY     the final head has been passed on        idle
    DONE     the answer is complete, the request not  idle
    LEFT     both are complete; whether the client    0.3 s
             was still there to read is found out

Where to read on; each of these modules knows only those above it:

    addons.relay_core       what all share; the proper end of an exchange, LINGER, CLOSED
    addons.relay_failure    pages of our own and other ends without a proper answer
    addons.relay_answer     DIAL, WAIT, BODY, DONE, LEFT
    addons.relay_commit     COMMIT
    addons.relay_departure  the client's end and deadlines, in each state
    addons.relay_handing    HANDED
    addons.relay_request    IDLE, HEAD, and the request's side of RELAY
    addons.http1_relay      the events that drive all of it
"""

from enum import Enum, auto


class State(Enum):
    """What the client connection is used for; see the table at the top."""

    IDLE = auto()
    HEAD = auto()
    RELAY = auto()
    HANDED = auto()
    LINGER = auto()
    CLOSED = auto()


class Stage(Enum):
    """How far the answer has come; see the table at the top."""

    COMMIT = auto()
    DIAL = auto()
    WAIT = auto()
    BODY = auto()
    DONE = auto()
    LEFT = auto()

"""The prompt classifier: what each level looks like, and what must not change one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules.complexity import ANALYSIS_FROM, COMPLEX_FROM, instruction, level, score
from tests.lanes import only

SIMPLE = (
    "",
    "hi",
    "rename this variable",
    "What is 2+2?",
    "What is the capital of France?",
    "fix the typo in README.md",
    "add a docstring to this function",
    "what was missed in this diff?",
    'Translate "good morning" to French.',
    "sort this list of names alphabetically",
    "list the files changed in this commit",
    "请把这个变量重命名",
)
ANALYSIS = (
    "Explain the difference between TCP and UDP, with examples of when each one is preferred.",
    "Write a Python function that parses an ISO 8601 date string and returns a datetime, handling time zones.",
    "Summarise the pros and cons of rendering on the server versus in the browser for a small shop with few visitors.",
    "Review this function for bugs and suggest better names for the parameters and a cleaner control flow.",
    "prove that sqrt(2) is irrational",
    "what is a deadlock?",
)
LONG = (
    "We run a shop with forty thousand articles in nine languages. Visitors complain that searching by colour misses "
    "results, that prices differ between the overview and the basket, and that the newsletter goes out twice on "
    "holidays. Go through the three complaints, say what may cause each of them, which logs would tell the causes "
    "apart, who in the team should look first, what can wait until January, and how we explain it to our customers. "
    "Write the explanation in English and German, friendly, without promises, at most two hundred words each, and "
    "add a table of the measures with their owners and dates that the director can present on Monday morning."
)
"""A long instruction in plain words."""

COMPLEX = (
    "Debug this race condition.",
    "Design a distributed rate limiter",
    "Design the architecture of a payment service for several regions: failover, consistency, and its migration.",
    "Prove that there are infinitely many primes, then derive a lower bound for the prime counting function.",
    "Our service intermittently loses writes under load. Investigate the concurrency of the queue and propose a fix.",
    "Migrate the billing module to the new schema, optimise its slowest queries, and write a rollback plan.",
    "- Find the root cause of the deadlock in the scheduler.\n- Refactor it.\n- Say which invariants hold, and why.",
    LONG,
)
EVERY = SIMPLE + ANALYSIS + COMPLEX

NOUNS = ("cache", "worker", "socket", "session", "queue", "index", "shard")
LOGS = {
    "time": "\n".join(f"2026-11-20T12:00:{n % 60:02}Z WARN [{NOUNS[n % 7]}] retry {n} of {n * 7}" for n in range(450)),
    "system": "\n".join(f"Nov 20 10:00:{n % 60:02} host {NOUNS[n % 7]}d[{n}]: timed out, again" for n in range(450)),
    "level": "\n".join(f"ERROR the {NOUNS[n % 7]} gave up on its {NOUNS[n % 5]}" for n in range(500)),
    "plain": "\n".join(f"{NOUNS[n % 7]} {n} finished in {n * 3} ms and went back to sleep" for n in range(400)),
    "stack": "\n".join(f"    at com.acme.{NOUNS[n % 7]}.Main.run(Main.java:{n})" for n in range(400)),
    "traceback": "\n".join(
        f'  File "/srv/{NOUNS[n % 7]}.py", line {n}, in call\n    {NOUNS[n % 3]} = call({NOUNS[n % 5]})'
        for n in range(300)
    ),
    "json": "\n".join(f'{{"time": {n}, "level": "info", "message": "{NOUNS[n % 7]} closed"}}' for n in range(350)),
    "one line": "[" + ", ".join(f'{{"time": {n}, "text": "{NOUNS[n % 7]} closed"}}' for n in range(250)) + "]",
    "table": "\n".join(f"{n},{NOUNS[n % 7]},{n * 3},{NOUNS[n % 5]},open" for n in range(800)),
    "code": "\n".join(f"def run_{n}({NOUNS[n % 7]}):\n    return {NOUNS[n % 7]}.run()\n" for n in range(450)),
    "patch": "\n".join(
        f"@@ -{n},2 +{n},2 @@\n-    x = {NOUNS[n % 7]}.run()\n+    x = {NOUNS[n % 5]}.run()" for n in range(300)
    ),
}
prompts = st.sampled_from(EVERY)


@pytest.mark.parametrize("prompt", SIMPLE)
def test_small_requests_are_simple(prompt: str) -> None:
    """A request of a few plain words, or none, is simple."""
    assert level(score(prompt)) == "simple"


@pytest.mark.parametrize("prompt", ANALYSIS)
def test_a_full_sentence_or_one_heavy_word_asks_for_analysis(prompt: str) -> None:
    """Some fifteen words of content, or one heavy word, make analysis."""
    assert level(score(prompt)) == "analysis"


@pytest.mark.parametrize("prompt", COMPLEX)
def test_work_of_many_parts_is_complex(prompt: str) -> None:
    """Several heavy words, or a long instruction, are complex however short or plain the words."""
    assert level(score(prompt)) == "complex"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "simple"),
        (ANALYSIS_FROM - 1e-9, "simple"),
        (ANALYSIS_FROM, "analysis"),
        (COMPLEX_FROM - 1e-9, "analysis"),
        (COMPLEX_FROM, "complex"),
        (1.0, "complex"),
    ],
)
def test_levels_begin_at_their_thresholds(value: float, expected: str) -> None:
    """A threshold belongs to the level above it."""
    assert level(value) == expected


@given(
    prompt=prompts, space=st.text(alphabet=" \t\r\n", max_size=60), dress=st.sampled_from([str, str.upper, str.lower])
)
def test_space_and_case_say_nothing(prompt: str, space: str, dress: type[str]) -> None:
    """White space around a prompt and the case of its letters leave the score as it is."""
    assert score(space + dress(prompt) + space) == score(prompt)


@pytest.mark.parametrize("prompt", EVERY)
@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_say_nothing(prompt: str, end: str) -> None:
    """Windows and old Macintosh line ends score like ours."""
    lines = prompt + "\nsecond line\n\n" + prompt
    assert score(lines.replace("\n", end)) == score(lines)


@pytest.mark.parametrize(
    "form",
    [
        "please {}",
        "Please, {}",
        "{}\nPlease.",
        "{} Thanks in advance!",
        "Here is my question: {}",
        "Here is my question:\n\n{}",
        "I would like you to help me with the following.\n{}",
        "Hello! I have been stuck on this for a while. Could you have a look?\n\n{}",
        "Hi! Thanks for your time! I need help. I have a question. Here it is:\n{}",
        "You are a helpful assistant. {}",
        "My colleague asked me this yesterday: {}",
    ],
)
def test_courtesy_says_nothing(form: str) -> None:
    """Politeness and a sentence before the matter leave the level as it is."""
    assert [level(score(form.format(prompt))) for prompt in EVERY] == [level(score(prompt)) for prompt in EVERY]


@pytest.mark.parametrize("kind", only(LOGS, "time", "traceback", "one line", "patch"))
@pytest.mark.parametrize(
    "form",
    [
        "{prompt}\n\n{log}",
        "{prompt}\n{log}\n",
        "{log}\n{prompt}",
        "{prompt}\n```\n{log}\n```",
        "~~~\n{log}\n~~~\n{prompt}",
        "{short}\n\n{prompt}\n\n{short}",
    ],
)
def test_a_pasted_log_says_nothing(kind: str, form: str) -> None:
    """What a program wrote leaves the score as it is, whichever side it is pasted on, fenced or not."""
    log = LOGS[kind]
    short = "\n".join(log.split("\n")[:120])
    scores = [score(prompt) for prompt in EVERY]
    assert [score(form.format(prompt=prompt, log=log, short=short)) for prompt in EVERY] == scores


@pytest.mark.parametrize("log", LOGS.values(), ids=LOGS)
def test_a_log_alone_is_simple(log: str) -> None:
    """A paste with no instruction asks for nothing hard."""
    assert score(log) == 0.0


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Why?\n> it broke\n> and nobody knows", "why?"),
        ("Run this:\n```python\nx = 1\n```\nand say why", "run this:\nand say why"),
        ("Run ```x = 1``` now", "run ```x = 1``` now"),
        ("```x = 1``` fails\nwhy?", "why?"),
        ("````\n```\nx\n````\nwhy?", "why?"),
        ("Fix it:\n```\nnever closed, but said by a person", "fix it:\nnever closed, but said by a person"),
        (">>> f(1)\n>>> f(2)\n>>> f(3)\nwhat does it print?", "what does it print?"),
        ("one line of code:\nx = f(y);\nwhat is x?", "one line of code:\nx = f(y);\nwhat is x?"),
        ("a();\nb();\nand so on\nc();\nwhy?", "why?"),
        ("a();\nb();\nwhy?\nc();", "a();\nb();\nwhy?\nc();"),
        ("import os\nfrom x import y\nraise z\nwhy?", "why?"),
        ("12 warn: a\n34 warn: b\n56 error: c\nwhy?", "why?"),
        ("io.Error was its name\nos.Error was the next one\nnet.Error came at last\nwhy?", "why?"),
        ("# Task\n\nrename it\n\n# Rules\n\nno tests", "# task\n\nrename it\n\n# rules\n\nno tests"),
        ("Fix src/a.py\na();\nb();\nc();\n\nand src/b.py", "fix src/a.py\n\nand src/b.py"),
        ("if x:\nelse:\nreturn y\nwhy?", "why?"),
        ("=====\n-----\n=====\nwhy?", "why?"),
        ("- one;\n- two;\n- three;\nwhy?", "why?"),
        ("- one\n- two\n- three", "- one\n- two\n- three"),
        ("A. 12\nB. 13\nC. 14", "a. 12\nb. 13\nc. 14"),
        (r"Let $x^2$" + "\n" + r"\[x = 1\]" + "\n" + r"\frac{1}{2}", "let $x^2$\n\\[x = 1\\]\n\\frac{1}{2}"),
        ("[error] one\n[error] two\nfrom the start\n[error] three\nwho?", "who?"),
    ],
)
def test_the_instruction_is_what_the_person_says(prompt: str, expected: str) -> None:
    """Fences, quoted lines and runs of machine-written lines go; short pieces, lists and formulas stay."""
    assert instruction(prompt).strip() == expected


@given(prompt=prompts)
def test_more_to_do_never_scores_lower(prompt: str) -> None:
    """A further sentence of work raises the score."""
    assert score(prompt + "\nThen compare both versions and describe the remaining differences.") > score(prompt)


@given(prompt=st.text(alphabet=st.characters(codec=None), max_size=400))
def test_any_text_has_a_score(prompt: str) -> None:
    """Every string scores at least 0 and less than 1, the same each time, and so has a level."""
    value = score(prompt)
    assert 0 <= value < 1
    assert value == score(prompt)
    assert level(value) in ("simple", "analysis", "complex")


@pytest.mark.parametrize(
    "prompt",
    [
        "\ud800 rename \udfff",
        "\x00" * 50,
        "\ufeff",
        "```",
        "~~~\n" * 9,
        "> " * 9,
        "\\" * 999,
        "\u2028" * 99,
        "🙂" * 999,
    ],
    ids=ascii,
)
def test_odd_text_has_a_score(prompt: str) -> None:
    """Lone surrogates, NUL, marks without content and separators are no fault."""
    assert 0 <= score(prompt) < 1


@pytest.mark.parametrize("prompt", EVERY)
def test_a_huge_prompt_is_read_at_both_ends(prompt: str) -> None:
    """Five megabytes of log between two halves of a prompt leave its level to the halves."""
    log = LOGS["time"] * 250
    assert level(score(f"{prompt}\n\n{log}\n")) == level(score(prompt))
    assert level(score(f"{log}\n\n{prompt}")) == level(score(prompt))
    assert level(score(f"```\n{log}\n```\n{prompt}")) == level(score(prompt))


def test_long_prose_is_complex() -> None:
    """A hundred kilobytes in a person's own words are complex."""
    assert level(score("The committee met in spring to consider several further proposals. " * 1500)) == "complex"

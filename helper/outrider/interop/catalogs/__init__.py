"""Public catalogues of models, one file a source: where it is, and how its bytes become facts. Pure.

The names that a source gives to providers are brought to ours here, and nowhere else.
"""

from outrider.interop.catalogs import artificial_analysis, genai_prices, litellm, models_dev, openrouter
from outrider.interop.catalogs.reading import Source

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        models_dev.SOURCE,
        litellm.SOURCE,
        openrouter.SOURCE,
        artificial_analysis.SOURCE,
        genai_prices.SOURCE,
    )
}

"""What five public catalogues send, in small: written by hand after their shapes, with made-up models."""

from typing import Any

MODELS_DEV: dict[str, Any] = {
    "google": {
        "id": "google", "name": "Google", "models": {
            "gem-9": {
                "id": "gem-9", "name": "Gem 9", "reasoning": True, "tool_call": True, "release_date": "2026-05-01",
                "modalities": {"input": ["text", "image"], "output": ["text"]},
                "cost": {"input": 1.25, "output": 10, "cache_read": 0.125,
                         "tiers": [{"tier": {"type": "context", "size": 200000}, "input": 2.5, "output": 15}]},
                "limit": {"context": 1048576, "output": 65536},
            },
            "gem-draw": {"id": "gem-draw", "name": "Gem Draw", "modalities": {"input": ["text"], "output": ["image"]}},
        },
    },
    "openai": {
        "id": "openai", "models": {
            "old-1": {"id": "old-1", "name": "Old 1", "tool_call": {"supported": False}, "status": "deprecated",
                      "cost": {"input": 2, "output": 8, "context_over_200k": {"input": 4, "output": 12}},
                      "limit": {"context": 0, "output": 0}},
            "free-1": {"id": "free-1", "name": "Free 1", "cost": {"input": 0, "output": 0}},
            "dark-1": {"id": "dark-1", "name": "Dark 1"},
        },
    },
}  # fmt: skip
LITELLM: dict[str, Any] = {
    "sample_spec": {"litellm_provider": "one of …", "mode": "one of …"},
    "gemini/gem-9": {
        "litellm_provider": "gemini", "mode": "chat", "input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05,
        "cache_read_input_token_cost": 1.25e-07, "input_cost_per_token_above_200k_tokens": 2.5e-06,
        "output_cost_per_token_above_200k_tokens": 1.5e-05, "max_input_tokens": 1048576, "max_output_tokens": 65536,
        "supports_vision": True, "supports_function_calling": True, "deprecation_date": "2027-03-01",
        "input_cost_per_token_batches": 6.25e-07, "output_cost_per_token_batches": 5e-06,
    },
    "together_ai/maker/open-1": {
        "litellm_provider": "together_ai", "mode": "chat", "input_cost_per_token": 2e-07, "output_cost_per_token": 2e-07
    },
    "painter": {"litellm_provider": "openai", "mode": "image_generation", "output_cost_per_image": 0.04},
}  # fmt: skip
OPENROUTER: dict[str, Any] = {
    "data": [
        {
            "id": "maker/open-1", "canonical_slug": "maker/open-1-20260501", "name": "Maker: Open 1",
            "created": 1777593600,
            "context_length": 131072, "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]},
            "pricing": {"prompt": "0.0000002", "completion": "0.0000008", "input_cache_read": "0.00000002",
                        "overrides": [{"min_prompt_tokens": 65536, "prompt": "0.0000004"}, {"hours": "…"}]},
            "top_provider": {"max_completion_tokens": 16384}, "supported_parameters": ["tools", "temperature"],
            "expiration_date": "2027-01-31",
            "benchmarks": {"artificial_analysis": {"intelligence_index": 41.5, "coding_index": None}},
        },
        {"id": "maker/open-1:free", "name": "Maker: Open 1 (free)", "pricing": {"prompt": "0", "completion": "0"}},
        {"id": "router/auto", "name": "Auto", "pricing": {"prompt": "-1", "completion": "-1"}},
    ]
}  # fmt: skip
ARTIFICIAL_ANALYSIS: dict[str, Any] = {
    "tier": "free", "intelligence_index_version": 4.4, "pagination": {"page": 1, "page_size": 100, "has_more": False},
    "data": [
        {
            "id": "1", "name": "GPT-6 Luna (low)", "slug": "gpt-6-luna-low", "release_date": "2026-09-22",
            "model_creator": {"id": "a", "name": "OpenAI"},
            "evaluations": {"artificial_analysis_intelligence_index": 30.5, "artificial_analysis_coding_index": 0},
            "pricing": {"price_1m_input_tokens": 0.1, "price_1m_output_tokens": 0.5},
            "performance": {"median_output_tokens_per_second": 131.5},
        },
        {
            "id": "2", "name": "GPT-6 Luna (max)", "slug": "gpt-6-luna", "model_creator": {"id": "a", "name": "OpenAI"},
            "evaluations": {"artificial_analysis_intelligence_index": 38.5, "artificial_analysis_coding_index": 41.5},
            "pricing": {"price_1m_input_tokens": 0.1, "price_1m_output_tokens": 0.5}, "performance": {},
        },
        {
            "id": "3", "name": "Nobody 7", "slug": "nobody-7", "model_creator": {"id": "b", "name": "Nobody"},
            "evaluations": {"artificial_analysis_intelligence_index": 60.0},
            "pricing": {"price_1m_input_tokens": 0, "price_1m_output_tokens": None},
            "median_output_tokens_per_second": 12.0,
        },
    ],
}  # fmt: skip
GENAI_PRICES: list[dict[str, Any]] = [
    {
        "id": "google", "name": "Google", "models": [
            {
                "id": "gem-9", "name": "Gem 9", "context_window": 1048576, "match": {"equals": "gem-9"},
                "prices": [
                    {"prices": {"input_mtok": {"base": 1.25, "tiers": [{"start": 200000, "price": 2.5}]},
                                "output_mtok": {"base": 10, "tiers": [{"start": 200000, "price": 15}]},
                                "cache_read_mtok": 0.125}},
                    {"constraint": {"start_date": "2027-01-01"}, "prices": {"input_mtok": 1, "output_mtok": 8}},
                    {"constraint": {"start_time": "16:30:00Z", "end_time": "00:30:00Z"},
                     "prices": {"input_mtok": 0.6, "output_mtok": 5}},
                ],
            },
            {"id": "gem-draw", "match": {"equals": "gem-draw"}, "prices": {"requests_kcount": 40}},
        ],
    },
    {"id": "x-ai", "models": [{"id": "x-1", "prices": {"input_mtok": 3, "output_mtok": 15}, "deprecated": True}]},
]  # fmt: skip
BY_SOURCE: dict[str, Any] = {
    "models.dev": MODELS_DEV, "litellm": LITELLM, "openrouter": OPENROUTER, "artificial-analysis": ARTIFICIAL_ANALYSIS,
    "genai-prices": GENAI_PRICES,
}  # fmt: skip

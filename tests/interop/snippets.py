"""Configurations as their tools' guides show them, typed anew."""

HEAD = "runtime:\n  models:\n"

BASIC = """
runtime:
  default_model: default
  models:
    - name: default
      description: General purpose assistant
      provider: ollama
      model: llama3.1:8b
      base_url: http://localhost:11434
      default: true
      model_api_parameters: {temperature: 0.7, max_tokens: 2048}
    - name: fast
      description: Quick responses for simple questions
      provider: ollama
      model: llama3.2:1b
      base_url: http://localhost:11434
      model_api_parameters: {temperature: 0.5, max_tokens: 512}
    - name: expert
      description: Complex analysis and reasoning
      provider: openai
      model: gpt-4
      api_key: ${env:OPENAI_API_KEY}
      model_api_parameters: {temperature: 0.3, max_tokens: 4096}
"""
TIERS = """
runtime:
  default_model: medium
  models:
    - {name: instant, provider: ollama, model: "llama3.2:1b", model_api_parameters: {temperature: 0.5, max_tokens: 256}}
    - name: medium
      provider: ollama
      model: llama3.1:8b
      default: true
      model_api_parameters: {temperature: 0.7, max_tokens: 1024}
    - name: powerful
      provider: ollama
      model: llama3.1:70b
      model_api_parameters: {temperature: 0.3, max_tokens: 4096}
"""
HYBRID = """
runtime:
  default_model: local
  models:
    - {name: local, provider: ollama, model: "llama3.1:8b", base_url: "http://localhost:11434", default: true}
    - name: cloud
      provider: openai
      model: gpt-4-turbo
      api_key: ${env:OPENAI_API_KEY}
"""
BY_TASK = """
runtime:
  default_model: general
  models:
    - {name: general, provider: ollama, model: "llama3.1:8b", default: true, model_api_parameters: {temperature: 0.7}}
    - name: coder
      provider: ollama
      model: codellama:13b
      model_api_parameters: {temperature: 0.2, max_tokens: 4096}
    - {name: writer, provider: ollama, model: "llama3.1:8b", model_api_parameters: {temperature: 0.9, max_tokens: 2048}}
    - name: analyst
      provider: openai
      model: gpt-4
      api_key: ${env:OPENAI_API_KEY}
      model_api_parameters: {temperature: 0.1, max_tokens: 4096}
"""
TOOLS = """
mcp:
  servers:
    - name: filesystem
      transport: stdio
      command: npx
      args: ['-y', '@modelcontextprotocol/server-filesystem', '/data']
    - {name: database, transport: http, base_url: "http://localhost:8080/mcp"}
runtime:
  default_model: assistant
  models:
    - {name: assistant, provider: ollama, model: "llama3.1:8b", default: true, mcp_servers: [filesystem]}
    - {name: data-analyst, provider: ollama, model: "llama3.1:8b", mcp_servers: [database]}
    - name: power-user
      provider: openai
      model: gpt-4
      api_key: ${env:OPENAI_API_KEY}
      mcp_servers: [filesystem, database]
"""
PROMPTS = """
prompts:
  - name: default
    messages: [{role: system, content: You are a helpful assistant.}]
  - name: analyst
    messages:
      - role: system
        content: |
          You are an expert analyst.
          Cite evidence.
  - name: coder
    messages: [{role: system, content: You are an expert programmer.}]
runtime:
  models:
    - {name: general, prompt: default}
    - {name: analyst, provider: openai, model: gpt-4, prompt: analyst}
    - {name: coder, provider: ollama, model: "codellama:13b", prompt: coder}
"""
FALLBACKS = """
runtime:
  models:
    - {name: primary, provider: openai, model: gpt-4, api_key: "${env:OPENAI_API_KEY}", default: true}
    - {name: fallback, provider: ollama, model: "llama3.1:8b"}
    - {name: emergency, provider: ollama, model: "llama3.2:1b"}
"""
OLLAMA = """
- name: ollama-model
  provider: ollama
  model: llama3.1:8b
  base_url: http://localhost:11434
  model_api_parameters: {temperature: 0.7, top_p: 0.9, top_k: 40, num_ctx: 4096, repeat_penalty: 1.1}
"""
OPENAI = """
- name: openai-model
  provider: openai
  model: gpt-4-turbo
  api_key: ${env:OPENAI_API_KEY}
  model_api_parameters: {temperature: 0.7, max_tokens: 4096, top_p: 1.0, frequency_penalty: 0.0, presence_penalty: 0.0}
"""
UNIVERSAL = """
- name: universal-model
  provider: universal
  model: Qwen/Qwen2.5-7B-Instruct
  base_url: http://localhost:11540
  model_api_parameters: {temperature: 0.7, max_tokens: 2048}
"""
VLLM = """
- name: vllm-model
  provider: openai
  model: mistral-7b-instruct
  base_url: http://localhost:8000/v1
  api_key: not-needed
  model_api_parameters: {temperature: 0.7}
"""
TOGETHER = """
- name: hosted
  provider: openai
  model: zai-org/GLM-5.3
  base_url: https://api.together.xyz/v1
  api_key: ${env:TOGETHER_API_KEY}
"""
MOLTBOT = """{
  // JSON5, as the tool takes it
  "agents": {"defaults": {
    "model": {
      "primary": "anthropic/claude-opus-4-5",
      "fallbacks": ["openrouter/anthropic/claude-sonnet-4-5", "deepseek/deepseek-chat", "ollama/llama3.3"],
    },
    "models": {
      "anthropic/claude-opus-4-5": {"alias": "best"}, "anthropic/claude-haiku-3-5": {"alias": "fast"},
      "deepseek/deepseek-chat": {"alias": "cheap"}, "deepseek/deepseek-reasoner": {"alias": "think"},
      "ollama/llama3.3": {"alias": "local"},
    },
  }},
}"""
QUALITY = '{"model": {"primary": "anthropic/claude-opus-4-5", "fallbacks": ["deepseek/deepseek-chat"]}}'
TIERED = """{"model": {"primary": "anthropic/claude-haiku-3-5",
  "fallbacks": ["deepseek/deepseek-chat", "ollama/llama3.3"]}}"""
LITELLM = """
model_list:
  - model_name: llama3-local
    litellm_params: {model: ollama/llama3.2, api_base: "http://localhost:11434"}
  - model_name: codellama-local
    litellm_params: {model: ollama/codellama, api_base: "http://localhost:11434"}
"""
LITELLM_WHOLE = """
model_list:
  - model_name: gpt-4o
    litellm_params: {model: openai/gpt-4o, api_key: os.environ/OPENAI_API_KEY, rpm: 120, tpm: 1000}
  - model_name: smart
    litellm_params:
      {model: anthropic/claude-opus-5-5, api_key: os.environ/ANTHROPIC_API_KEY, max_tokens: 2048, temperature: 0.2}
  - model_name: pool
    litellm_params: {model: groq/openai/gpt-oss-120b, api_key: os.environ/GROQ_API_KEY}
  - model_name: pool
    litellm_params: {model: together_ai/openai/gpt-oss-120b, api_key: os.environ/TOGETHER_API_KEY}
  - model_name: vectors
    litellm_params: {model: openai/text-embedding-3-small}
    model_info: {mode: embedding}
  - model_name: own
    litellm_params:
      model: openai/acme-7b
      api_base: https://llm.acme.example/v1
      api_key: os.environ/ACME_API_KEY
      input_cost_per_token: 0.0000001
      output_cost_per_token: 2e-7
    model_info: {max_input_tokens: 8192, supports_vision: false}
router_settings:
  fallbacks: [{smart: [pool, own]}]
  model_group_alias: {clever: own, gpt-5: smart}
  num_retries: 1
  routing_strategy: simple-shuffle
litellm_settings: {drop_params: true, request_timeout: 600}
general_settings: {master_key: sk-1234567890abcdefghijkl}
"""
AICHAT = """
model: openai:gpt-6.1-sol
temperature: 0.2
clients:
  - type: openai
    api_key: sk-abcdefghijklmnopqrstuvwxyz
  - type: openai-compatible
    name: ollama
    api_base: http://localhost:11434/v1
    models: [{name: "deepseek-r1:8b", max_input_tokens: 131072, supports_function_calling: true}]
  - type: openai-compatible
    name: acme
    api_base: https://llm.acme.example/v1
    models: [{name: acme-7b, input_price: 0.1, output_price: 0.2, supports_vision: true}, {name: vec, type: embedding}]
  - {type: azure-openai, name: azure, api_base: "https://x.openai.azure.com"}
roles:
  - {name: coder, model: "acme:acme-7b", prompt: Write code only.}
"""
ROUTER = """{
  "APIKEY": "a-secret-of-mine", "LOG": true, "API_TIMEOUT_MS": 600000, "PROXY_URL": "http://127.0.0.1:7890",
  "Providers": [
    {"name": "openrouter", "api_base_url": "https://openrouter.ai/api/v1/chat/completions",
     "api_key": "$OPENROUTER_API_KEY",
     "models": ["google/gemini-4-argon"], "transformer": {"use": ["openrouter"]}},
    {"name": "deepseek", "api_base_url": "https://api.deepseek.com/chat/completions",
     "api_key": "sk-xxxxxxxxxxxxxxxxxxxxxxxx",
     "models": ["deepseek-chat", "deepseek-reasoner"],
     "transformer": {"use": ["deepseek"], "deepseek-reasoner": {"use": [["maxtoken", {"max_tokens": 2048}]]}}},
    {"name": "ollama", "api_base_url": "http://localhost:11434/v1/chat/completions", "api_key": "ollama",
     "models": ["qwen2.5-coder:latest"]}
  ],
  "Router": {"default": "deepseek,deepseek-chat", "background": "ollama,qwen2.5-coder:latest",
    "think": "deepseek,deepseek-reasoner", "longContext": "openrouter,google/gemini-4-argon",
    "longContextThreshold": 60000, "webSearch": "openrouter,google/gemini-4-argon"}
}"""
LLM_MODELS = """
- {model_id: acme, model_name: acme-7b, api_base: "https://llm.acme.example/v1", api_key_name: acme, aliases: [a7]}
- {model_id: here, model_name: "llama3.1:8b", api_base: "http://localhost:11434/v1"}
"""
EVERY = {
    "llamafarm": (BASIC, TIERS, HYBRID, BY_TASK, TOOLS, PROMPTS, FALLBACKS, OLLAMA, OPENAI, UNIVERSAL, VLLM, TOGETHER),
    "moltbot": (MOLTBOT, QUALITY, TIERED),
    "litellm": (LITELLM, LITELLM_WHOLE),
    "aichat": (AICHAT,),
    "claude-code-router": (ROUTER,),
    "llm": (LLM_MODELS,),
}

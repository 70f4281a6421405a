using Halo.Inference.Tokenization;

namespace Halo.Inference.Templates;

/// <summary>Templates for models whose file brings none, in the forms that are most in use.</summary>
public static class NamedTemplates
{
    private const string ChatMl = """
        {% for message in messages %}<|im_start|>{{ message.role }}
        {{ message.content }}<|im_end|>
        {{ '' }}{% endfor %}
        {% if add_generation_prompt %}<|im_start|>assistant
        {{ '' }}{% endif %}
        """;

    private const string Llama2 = """
        {%- set ns = namespace(system='') %}
        {%- for message in messages %}
        {%- if message.role == 'system' %}
        {%- set ns.system = '<<SYS>>\n' + message.content | trim + '\n<</SYS>>\n\n' %}
        {%- elif message.role == 'user' %}
        {{- bos_token + '[INST] ' + ns.system + message.content | trim + ' [/INST]' }}
        {%- set ns.system = '' %}
        {%- else %}
        {{- ' ' + message.content | trim + ' ' + eos_token }}
        {%- endif %}
        {%- endfor %}
        """;

    private const string Llama3 = """
        {{- bos_token }}
        {%- for message in messages %}
        {{- '<|start_header_id|>' + message.role + '<|end_header_id|>\n\n' + message.content | trim + '<|eot_id|>' }}
        {%- endfor %}
        {%- if add_generation_prompt %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
        {%- endif %}
        """;

    private const string Zephyr = """
        {%- for message in messages %}
        {{- '<|' + message.role + '|>\n' + message.content + eos_token + '\n' }}
        {%- endfor %}
        {%- if add_generation_prompt %}
        {{- '<|assistant|>\n' }}
        {%- endif %}
        """;

    private const string Plain = """
        {%- for message in messages %}
        {{- message.content if message.role == 'system' else message.role | capitalize + ': ' + message.content }}
        {{- '\n\n' if message.role == 'system' else '\n' }}
        {%- endfor %}
        {%- if add_generation_prompt %}
        {{- 'Assistant:' }}
        {%- endif %}
        """;

    /// <summary>Names that <see cref="Find"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = ["chatml", "llama2", "llama3", "zephyr", "plain"];

    /// <summary>The template of a name; null for a name that there is not.</summary>
    public static ChatTemplate? Find(string name) => name switch
    {
        "chatml" => ChatTemplate.Parse(ChatMl),
        "llama2" => ChatTemplate.Parse(Llama2),
        "llama3" => ChatTemplate.Parse(Llama3),
        "zephyr" => ChatTemplate.Parse(Zephyr),
        "plain" => ChatTemplate.Parse(Plain),
        _ => null,
    };

    /// <summary>
    /// Texts that end an answer beside the end tokens: the plain form marks turns with words alone, so a model that knows no other would go on to speak
    /// for the user.
    /// </summary>
    public static IReadOnlyList<string> StopsOf(string name) => name == "plain" ? ["\nUser:", "\nSystem:", "\nAssistant:"] : [];

    /// <summary>The name of the form whose marks a vocabulary has as tokens of their own; null where it has those of none.</summary>
    public static string? Guess(ITokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return IsToken(tokenizer, "<|im_start|>") && IsToken(tokenizer, "<|im_end|>") ? "chatml"
            : IsToken(tokenizer, "<|start_header_id|>") && IsToken(tokenizer, "<|eot_id|>") ? "llama3"
            : null;
    }

    // A special token is encoded as itself alone.
    private static bool IsToken(ITokenizer tokenizer, string text) =>
        tokenizer.Encode(text, addBos: false, parseSpecial: true) is [var token] && tokenizer.TokenText(token) == text;
}

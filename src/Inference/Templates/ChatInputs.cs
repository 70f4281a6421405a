namespace Halo.Inference.Templates;

/// <summary>What a chat template is rendered with.</summary>
public sealed record ChatInputs
{
    /// <summary>The conversation, oldest message first.</summary>
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    /// <summary>Whether the prompt ends where the assistant begins to speak. Default true.</summary>
    public bool AddGenerationPrompt { get; init; } = true;

    /// <summary>The text of the token that begins a text; empty for none.</summary>
    public string BosToken { get; init; } = "";

    /// <summary>The text of the token that ends a text; empty for none.</summary>
    public string EosToken { get; init; } = "";

    /// <summary>What time it is where the user is, for templates that say so.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>More variables of the template, such as <c>enable_thinking</c>: booleans, integers, doubles, strings or null.</summary>
    public IReadOnlyDictionary<string, object?> Variables { get; init; } = new Dictionary<string, object?>();
}

namespace Halo.Gateway.Contracts;

/// <summary>The prompts of a request: at least one where it was read from an array with entries.</summary>
internal sealed record Prompts(IReadOnlyList<Prompt> All);

/// <summary>One prompt: a text, or the tokens it was cut into elsewhere.</summary>
/// <param name="Text">The text; null where tokens were sent.</param>
/// <param name="Tokens">The tokens; null where a text was sent.</param>
internal sealed record Prompt(string? Text, int[]? Tokens);

namespace Halo.Gateway.Contracts;

/// <summary>An error as OpenAI's clients know it: <c>{"error": {...}}</c>.</summary>
internal sealed record ErrorResponse(ErrorDetail Error);

/// <summary>What went wrong.</summary>
/// <param name="Message">For people: what was found, what is needed.</param>
/// <param name="Type">The kind of error.</param>
/// <param name="Param">The field at fault, as the request spells it; null where it is none in particular.</param>
/// <param name="Code">For programs; null where the type says it all.</param>
internal sealed record ErrorDetail(string Message, string Type, string? Param, string? Code);

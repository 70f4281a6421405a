namespace Halo.Inference.Tokenization;

/// <summary>A part of a prompt, and whose words it is.</summary>
/// <param name="Text">The text.</param>
/// <param name="IsTrusted">
/// True for what a chat template or a program wrote: control tokens written out in it are meant. False for what came from a user, another program or a
/// model: there they are plain text.
/// </param>
public readonly record struct TextSegment(string Text, bool IsTrusted);

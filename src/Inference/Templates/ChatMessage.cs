namespace Halo.Inference.Templates;

/// <summary>A message of a conversation.</summary>
/// <param name="Role">
/// Who speaks: <c>system</c>, <c>user</c>, <c>assistant</c>, or another word that the template knows. Templates build control tokens of it, so it is
/// letters, digits, - and _ only.
/// </param>
/// <param name="Content">What is said. None of it becomes a control token.</param>
public sealed record ChatMessage(string Role, string Content);

using System.Text.Json;
using Halo.Inference.Templates;

namespace Halo.Inference.Tests.Templates;

/// <summary>
/// Templates in the style of published ones with what Jinja 3.1.6 makes of them, set up as for chat templates (trimmed blocks, loop controls, JSON without
/// escapes, the time 2030-01-02 03:04:05).
/// </summary>
internal sealed record TemplateCase(string Name, string Template, ChatInputs Inputs, string? Text, string? Refusal)
{
    internal static IReadOnlyList<TemplateCase> All { get; } = Read();

    internal string Render() => string.Concat(ChatTemplate.Parse(Template).Render(Inputs).Select(segment => segment.Text));

    private static List<TemplateCase> Read()
    {
        using JsonDocument document = JsonDocument.Parse(
            File.ReadAllBytes(Path.Combine(TestPaths.RepositoryRoot, "test", "Inference", "Templates", "cases.json")));
        return [.. document.RootElement.EnumerateArray().Select(Case)];
    }

    private static TemplateCase Case(JsonElement element) => new(
        element.GetProperty("name").GetString()!,
        element.GetProperty("template").GetString()!,
        new ChatInputs
        {
            Messages = [.. element.GetProperty("messages").EnumerateArray().Select(Message)],
            AddGenerationPrompt = element.GetProperty("generate").GetBoolean(),
            BosToken = "<s>",
            EosToken = "</s>",
            Now = new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero),
            Variables = element.GetProperty("variables").EnumerateObject().ToDictionary(variable => variable.Name, variable => Value(variable.Value)),
        },
        element.TryGetProperty("text", out JsonElement text) ? text.GetString() : null,
        element.TryGetProperty("refusal", out JsonElement refusal) ? refusal.GetString() : null);

    private static ChatMessage Message(JsonElement message) => new(message.GetProperty("role").GetString()!, message.GetProperty("content").GetString()!);

    private static object? Value(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetBoolean();
}

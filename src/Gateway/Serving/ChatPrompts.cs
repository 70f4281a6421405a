using System.Text.Json;
using Halo.Gateway.Contracts;
using Halo.Gateway.Endpoints;
using Halo.Inference.Templates;
using Halo.Inference.Tokenization;

namespace Halo.Gateway.Serving;

/// <summary>Makes prompts of conversations, in the form that a model was trained on.</summary>
internal sealed class ChatPrompts
{
    private static readonly HashSet<string> s_roles = new(StringComparer.Ordinal) { "system", "developer", "user", "assistant" };

    private readonly ITokenizer _tokenizer;
    private readonly ChatTemplate _template;

    private ChatPrompts(ITokenizer tokenizer, ChatTemplate template, IReadOnlyList<string> stops)
    {
        _tokenizer = tokenizer;
        _template = template;
        Stops = stops;
    }

    /// <summary>Texts that end an answer where the request names none.</summary>
    public IReadOnlyList<string> Stops { get; }

    /// <summary>A model's form: the one that the service was told to use, else the model's own, else the one whose marks its vocabulary has.</summary>
    /// <exception cref="ApiException">There is none, or it cannot be used.</exception>
    public static ChatPrompts Of(string model, IServingCluster cluster, string? named)
    {
        ITokenizer tokenizer = cluster.TokenizerOf(model)
            ?? throw ApiException.Invalid("model", $"{model} is in other processes, where conversations cannot be made prompts yet; POST /v1/completions takes prompts.", "unsupported");
        try
        {
            ChatTemplate? own = named is null ? cluster.TemplateOf(model) : null;
            string? name = own is null ? named ?? NamedTemplates.Guess(tokenizer) : null;
            return own is not null ? new ChatPrompts(tokenizer, own, [])
                : name is not null ? new ChatPrompts(tokenizer, NamedTemplates.Find(name)!, NamedTemplates.StopsOf(name))
                : throw ApiException.Invalid(
                    "model",
                    $"{model} has no chat template; start the service with --Halo:Gateway:ChatTemplate {string.Join("|", NamedTemplates.Names)}, or POST a prompt to /v1/completions.",
                    "no_chat_template");
        }
        catch (TemplateException fault)
        {
            throw Refused(fault);
        }
    }

    /// <summary>The tokens that the model is to continue.</summary>
    /// <exception cref="ApiException">A message is malformed, or the template refuses the conversation.</exception>
    public int[] Encode(ChatRequest request)
    {
        try
        {
            return _template.Encode(
                new ChatInputs { Messages = Messages(request), Now = TimeProvider.System.GetLocalNow(), Variables = Variables(request) }, _tokenizer);
        }
        catch (TemplateException fault)
        {
            throw Refused(fault);
        }
    }

    private static ApiException Refused(TemplateException fault) => ApiException.Invalid("messages", fault.Message, "chat_template");

    private static List<ChatMessage> Messages(ChatRequest request)
    {
        if (request.Messages is not { Count: > 0 } messages)
        {
            throw ApiException.Invalid("messages", $"messages is missing or empty; it must be {FieldTypes.Of("messages")}.");
        }

        return [.. messages.Select((message, index) => message switch
        {
            { Role: { } role, Content: { } content } when s_roles.Contains(role) => new ChatMessage(role == "developer" ? "system" : role, content),
            { Role: { } role } when s_roles.Contains(role) => throw ApiException.Invalid("messages", $"messages[{index}] has no content."),
            _ => throw ApiException.Invalid("messages", $"messages[{index}] has no role that is supported; there are {string.Join(", ", s_roles)}."),
        })];
    }

    private static Dictionary<string, object?> Variables(ChatRequest request)
    {
        Dictionary<string, object?> variables = new(StringComparer.Ordinal);
        foreach ((string name, JsonElement value) in request.ChatTemplateKwargs ?? new Dictionary<string, JsonElement>())
        {
            variables[name] = value.ValueKind switch
            {
                JsonValueKind.True or JsonValueKind.False => value.GetBoolean(),
                JsonValueKind.String => value.GetString(),
                JsonValueKind.Null => null,
                JsonValueKind.Number when value.TryGetInt64(out long number) => number,
                JsonValueKind.Number => value.GetDouble(),
                _ => throw ApiException.Invalid("chat_template_kwargs", $"chat_template_kwargs.{name} must be true, false, a number, a string or null."),
            };
        }

        return variables;
    }
}

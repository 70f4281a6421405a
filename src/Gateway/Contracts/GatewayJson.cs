using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Halo.Gateway.Contracts;

/// <summary>How requests are read and answers written: generated code, names in snake_case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CompletionRequest))]
[JsonSerializable(typeof(Completion))]
[JsonSerializable(typeof(CompletionWithUsage))]
[JsonSerializable(typeof(ChatRequest))]
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(ChatEvent))]
[JsonSerializable(typeof(ChatEventWithUsage))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ModelEntry))]
[JsonSerializable(typeof(BoardList))]
[JsonSerializable(typeof(ErrorResponse))]
[JsonSerializable(typeof(HealthReport))]
internal sealed partial class GatewayJson : JsonSerializerContext
{
    /// <summary>
    /// Escapes only what JSON itself needs, so that texts stay readable and short: answers are application/json, never part of a page.
    /// </summary>
    public static JavaScriptEncoder Encoder => JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <summary>How values of a type are read and written.</summary>
    public static JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)Relaxed.Options.GetTypeInfo(typeof(T));

    // A class of its own, so that it is made after Default, whose place among the static members of this class is not ours to say.
    private static class Relaxed
    {
        public static JsonSerializerOptions Options { get; } = new(Default.Options) { Encoder = GatewayJson.Encoder };
    }
}

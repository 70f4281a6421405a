using System.Text.Json;
using System.Text.Json.Serialization;

namespace Halo.Gateway.Contracts;

/// <summary>Reads the two shapes of <c>stop</c>: a string, or an array of strings.</summary>
internal sealed class StopConverter : JsonConverter<string[]>
{
    public override string[] Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return [JsonText.Read(ref reader)];
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException();
        }

        List<string> stops = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            stops.Add(reader.TokenType == JsonTokenType.String ? JsonText.Read(ref reader) : throw new JsonException());
        }

        return [.. stops];
    }

    public override void Write(Utf8JsonWriter writer, string[] value, JsonSerializerOptions options) =>
        throw new NotSupportedException();
}

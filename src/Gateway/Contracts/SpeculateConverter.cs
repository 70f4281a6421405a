using System.Text.Json;
using System.Text.Json.Serialization;
using Halo.Grains;

namespace Halo.Gateway.Contracts;

/// <summary>Reads <c>speculate</c>: <c>"off"</c>, <c>"auto"</c>, or a number of tokens.</summary>
internal sealed class SpeculateConverter : JsonConverter<int?>
{
    public override int? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int number) && number is >= Speculation.Off and <= Speculation.Most)
        {
            return number;
        }

        return reader.TokenType == JsonTokenType.String && Speculation.TryParse(JsonText.Read(ref reader), out int drafts) ? drafts : throw new JsonException();
    }

    public override void Write(Utf8JsonWriter writer, int? value, JsonSerializerOptions options) => throw new NotSupportedException();
}

using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Halo.Gateway.Contracts;

/// <summary>Reads the two shapes of a message's <c>content</c>: a string, or an array of parts, which must be texts.</summary>
internal sealed class ContentConverter : JsonConverter<string>
{
    public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return JsonText.Read(ref reader);
        }

        Require(reader.TokenType == JsonTokenType.StartArray);
        StringBuilder content = new();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            content.Append(ReadPart(ref reader));
        }

        return content.ToString();
    }

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => throw new NotSupportedException();

    // {"type": "text", "text": "..."}
    private static string ReadPart(ref Utf8JsonReader reader)
    {
        Require(reader.TokenType == JsonTokenType.StartObject);
        string? text = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isText = reader.ValueTextEquals("text"u8);
            reader.Read();
            if (isText)
            {
                Require(reader.TokenType == JsonTokenType.String);
                text = JsonText.Read(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        Require(text is not null);
        return text!;
    }

    private static void Require(bool holds)
    {
        if (!holds)
        {
            throw new JsonException();
        }
    }
}

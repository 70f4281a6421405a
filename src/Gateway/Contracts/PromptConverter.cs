using System.Text.Json;
using System.Text.Json.Serialization;

namespace Halo.Gateway.Contracts;

/// <summary>Reads the four shapes of <c>prompt</c>: a string, an array of strings, an array of tokens, an array of arrays of tokens.</summary>
internal sealed class PromptConverter : JsonConverter<Prompts>
{
    public override Prompts Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return new Prompts([new Prompt(JsonText.Read(ref reader), null)]);
        }

        Require(ref reader, JsonTokenType.StartArray);
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.EndArray => new Prompts([]),
            JsonTokenType.Number => new Prompts([new Prompt(null, ReadTokens(ref reader))]),
            JsonTokenType.String => new Prompts(ReadTexts(ref reader)),
            _ => new Prompts(ReadTokenArrays(ref reader)),
        };
    }

    public override void Write(Utf8JsonWriter writer, Prompts value, JsonSerializerOptions options) => throw new NotSupportedException();

    private static List<Prompt> ReadTexts(ref Utf8JsonReader reader)
    {
        List<Prompt> prompts = [];
        for (; reader.TokenType != JsonTokenType.EndArray; reader.Read())
        {
            Require(ref reader, JsonTokenType.String);
            prompts.Add(new Prompt(JsonText.Read(ref reader), null));
        }

        return prompts;
    }

    private static List<Prompt> ReadTokenArrays(ref Utf8JsonReader reader)
    {
        List<Prompt> prompts = [];
        for (; reader.TokenType != JsonTokenType.EndArray; reader.Read())
        {
            Require(ref reader, JsonTokenType.StartArray);
            reader.Read();
            prompts.Add(new Prompt(null, ReadTokens(ref reader)));
        }

        return prompts;
    }

    // From the first token, or the end of an empty array; leaves the reader on the array's end.
    private static int[] ReadTokens(ref Utf8JsonReader reader)
    {
        List<int> tokens = [];
        for (; reader.TokenType != JsonTokenType.EndArray; reader.Read())
        {
            Require(ref reader, JsonTokenType.Number);
            if (!reader.TryGetInt32(out int token))
            {
                throw new JsonException();
            }

            tokens.Add(token);
        }

        return [.. tokens];
    }

    private static void Require(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (reader.TokenType != type)
        {
            throw new JsonException();
        }
    }
}

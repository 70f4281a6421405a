using System.Globalization;
using System.Text;
using System.Text.Json;
using Halo.Inference.Gguf;
using Halo.Planning.Assignment;

namespace Halo.Cli.Inspect;

/// <summary>
/// A model file as one JSON object: <c>file version bytes metadata tensors totals splits splitsMissingBecause note</c>. Metadata arrays are
/// given by type and length.
/// </summary>
internal static class InspectJson
{
    internal static void Write(TextWriter output, GgufFile file, SplitMemory splits)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("file", file.Path);
            json.WriteNumber("version", file.Version);
            json.WriteNumber("bytes", file.Length);
            WriteMetadata(json, file.Metadata);
            WriteTensors(json, file);
            WriteSplits(json, splits);
            json.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(bytes.ToArray()));
    }

    private static void WriteMetadata(Utf8JsonWriter json, GgufMetadata metadata)
    {
        json.WriteStartObject("metadata");
        foreach ((string key, object value) in metadata)
        {
            json.WritePropertyName(key);
            WriteValue(json, value);
        }

        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, object value)
    {
        switch (value)
        {
            case string text:
                json.WriteStringValue(text);
                break;
            case bool truth:
                json.WriteBooleanValue(truth);
                break;
            case Array array:
                json.WriteStartObject();
                json.WriteString("elementType", array.GetType().GetElementType()!.Name);
                json.WriteNumber("length", array.Length);
                json.WriteEndObject();
                break;
            case float or double when !double.IsFinite(Convert.ToDouble(value, CultureInfo.InvariantCulture)):
                json.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture)); // JSON has no such numbers.
                break;
            default:
                json.WriteRawValue(Convert.ToString(value, CultureInfo.InvariantCulture)!);
                break;
        }
    }

    private static void WriteTensors(Utf8JsonWriter json, GgufFile file)
    {
        json.WriteStartArray("tensors");
        foreach (GgufTensorInfo tensor in file.TensorList)
        {
            json.WriteStartObject();
            json.WriteString("name", tensor.Name);
            json.WriteString("type", tensor.Type.ToString());
            json.WriteStartArray("shape");
            foreach (long size in tensor.Dimensions)
            {
                json.WriteNumberValue(size);
            }

            json.WriteEndArray();
            json.WriteNumber("bytes", tensor.ByteCount);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("totals");
        foreach (TypeTotal total in TypeTotal.Of(file))
        {
            json.WriteStartObject();
            json.WriteString("type", total.Type);
            json.WriteNumber("tensors", total.Tensors);
            json.WriteNumber("parameters", total.Parameters);
            json.WriteNumber("bytes", total.Bytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteSplits(Utf8JsonWriter json, SplitMemory splits)
    {
        json.WriteStartArray("splits");
        foreach (Plan plan in splits.Plans)
        {
            json.WriteStartObject();
            json.WriteNumber("boards", plan.Boards.Count);
            json.WriteNumber("kvPositions", plan.KvPositions);
            json.WriteString("kvType", splits.KvType.ToString());
            json.WriteString("headBoard", plan.HeadBoard);
            json.WriteStartArray("memory");
            foreach (BoardMemory board in splits.Boards(plan))
            {
                json.WriteStartObject();
                json.WriteString("board", board.Board);
                json.WriteNumber("attention", board.Attention);
                json.WriteNumber("feedForward", board.FeedForward);
                json.WriteNumber("vocabulary", board.Vocabulary);
                json.WriteNumber("kv", board.Kv);
                json.WriteNumber("buffers", board.Fixed);
                json.WriteNumber("total", board.Total);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("splitsMissingBecause", splits.MissingBecause);
        json.WriteString("note", splits.Note);
    }
}

using System.Text.Json;
using Halo.Boards;
using Halo.Cli.Hosting;
using Halo.Planning.Profiles;
using Halo.Silo;

namespace Halo.Cli.Plans;

/// <summary>A file that says what boards there are; <c>docs/plan.md</c> describes it.</summary>
/// <param name="Boards">The boards, in the order in which sums are added.</param>
/// <param name="Head">The head board; null for the first.</param>
/// <param name="HeadHoldsShards">Whether it holds more than tokens.</param>
internal sealed record ClusterFile(IReadOnlyList<BoardProfile> Boards, string? Head, bool HeadHoldsShards)
{
    private static readonly string[] s_fileFields = ["boards", "head", "headHoldsShards"];

    private static readonly string[] s_boardFields =
        ["name", "speed", "bytesPerSecond", "memory", "loss", "delayMs", "storageBytesPerSecond", "host", "cores"];

    private static readonly JsonDocumentOptions s_options = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <exception cref="CommandFault">There is no such file, or it is not what it should be; the message says where and what is needed.</exception>
    internal static ClusterFile Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new CommandFault($"There is no file '{path}'; give --cluster the path of a file that lists the boards.");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path), s_options);
            return Read(new Fields(path, document.RootElement, s_fileFields));
        }
        catch (JsonException fault)
        {
            throw new CommandFault($"{path} is no JSON: {fault.Message}");
        }
    }

    private static ClusterFile Read(Fields file)
    {
        if (file.Find("boards") is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() == 0)
        {
            throw file.Fault("'boards' is missing; it must be a list of at least one board");
        }

        BoardProfile[] boards = [.. list.EnumerateArray().Select((board, index) => Board(new Fields(BoardPlace(file, board, index), board, s_boardFields)))];
        if (boards.GroupBy(board => board.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw file.Fault($"two boards are called '{twice.Key}'; each needs a name of its own");
        }

        string? head = file.Text("head");
        if (head is not null && boards.All(board => board.Name != head))
        {
            throw file.Fault($"the head board '{head}' is not among the boards");
        }

        return new ClusterFile(boards, head, file.Truth("headHoldsShards") ?? true);
    }

    private static string BoardPlace(Fields file, JsonElement board, int index)
    {
        string? name = board.ValueKind == JsonValueKind.Object && board.TryGetProperty("name", out JsonElement given) && given.ValueKind == JsonValueKind.String
            ? $" ('{given.GetString()}')" : null;
        return $"{file.Place}: board {index + 1}{name}";
    }

    private static BoardProfile Board(Fields board)
    {
        string name = board.Text("name") ?? throw board.Fault("'name' is missing");
        double? speed = board.Number("speed", value => value > 0, "a number above 0");
        double? bytesPerSecond = board.Number("bytesPerSecond", value => value > 0, "a number above 0");
        if (speed is null == bytesPerSecond is null)
        {
            throw board.Fault("exactly one of 'speed' (relative) and 'bytesPerSecond' is needed");
        }

        return new BoardProfile(name, bytesPerSecond ?? speed!.Value * BoardMeter.BytesPerSecondOfSpeed, Memory(board))
        {
            Loss = board.Number("loss", value => value is >= 0 and < 1, "a rate from 0 to below 1: 5 % is 0.05") ?? 0,
            DelaySeconds = (board.Number("delayMs", value => value >= 0, "0 or more milliseconds") ?? 0) / 1e3,
            StorageBytesPerSecond = board.Number("storageBytesPerSecond", value => value >= 0, "0 or more") ?? 0,
            Host = board.Text("host"),
            Cores = (int)(board.Number("cores", value => value is >= 1 and <= 4096 && value == Math.Floor(value), "a whole number, 1 or more") ?? 1),
        };
    }

    private static long Memory(Fields board)
    {
        if (board.Find("memory") is not { } memory)
        {
            throw board.Fault("'memory' is missing");
        }

        string text = memory.ValueKind == JsonValueKind.String ? memory.GetString()! : memory.GetRawText();
        return ByteCount.Read(text) is { Found: true, Bytes: { } bytes } ? bytes : throw board.Fault($"'memory' is {memory.GetRawText()}; it must be {ByteCount.Needed}");
    }

    /// <summary>The fields of one object, none of which may be unknown or given twice.</summary>
    private sealed class Fields
    {
        private readonly Dictionary<string, JsonElement> _values = [];

        internal Fields(string place, JsonElement value, string[] known)
        {
            Place = place;
            if (value.ValueKind != JsonValueKind.Object)
            {
                throw Fault($"an object with the fields {string.Join(", ", known)} is needed");
            }

            foreach (JsonProperty field in value.EnumerateObject())
            {
                if (!known.Contains(field.Name))
                {
                    throw Fault($"there is no field '{field.Name}'; there are {string.Join(", ", known)}");
                }

                if (!_values.TryAdd(field.Name, field.Value))
                {
                    throw Fault($"'{field.Name}' is there twice");
                }
            }
        }

        internal string Place { get; }

        internal CommandFault Fault(string what) => new($"{Place}: {what}.");

        internal JsonElement? Find(string name) =>
            _values.TryGetValue(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

        internal string? Text(string name) => Find(name) switch
        {
            null => null,
            { ValueKind: JsonValueKind.String } text when text.GetString() is { Length: > 0 } found => found,
            { } other => throw Fault($"'{name}' is {other.GetRawText()}; it must be a text that is not empty"),
        };

        internal bool? Truth(string name) => Find(name) switch
        {
            null => null,
            { ValueKind: JsonValueKind.True } => true,
            { ValueKind: JsonValueKind.False } => false,
            { } other => throw Fault($"'{name}' is {other.GetRawText()}; it must be true or false"),
        };

        internal double? Number(string name, Func<double, bool> holds, string needed) => Find(name) switch
        {
            null => null,
            { ValueKind: JsonValueKind.Number } number when number.TryGetDouble(out double found) && double.IsFinite(found) && holds(found) => found,
            { } other => throw Fault($"'{name}' is {other.GetRawText()}; it must be {needed}"),
        };
    }
}

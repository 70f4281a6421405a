using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using Halo.Inference.Model;
using Halo.Inference.Quantization;
using Halo.Silo;

namespace Halo.Cli.Hosting;

/// <summary>Options that several commands share, and how options of one kind are read and refused.</summary>
internal static class CommandOptions
{
    internal const string BoardCountNeeded = "a whole number from 1 to 64";

    private const int DefaultSessionBoards = 4;

    internal static Option<string?> Model(bool required = false) => new("--model")
    {
        Description = required
            ? "The model, a GGUF file."
            : $"The model, a GGUF file. [default: the bundled {BundledModel.Name}]",
        HelpName = "FILE",
        Required = required,
    };

    internal static Option<int> Boards(int fallback) =>
        Number("--boards", "Boards in this process.", fallback, IsBoardCount, BoardCountNeeded);

    /// <summary>Boards of a session that may have boards elsewhere too; see <see cref="BoardCount"/>.</summary>
    internal static Option<int?> SessionBoards() => OptionalNumber<int>(
        "--boards",
        $"Boards in this process. [default: {DefaultSessionBoards}, or as many as --speed has numbers; 1 with --board]",
        IsBoardCount,
        BoardCountNeeded);

    /// <summary>How many boards this process has: as asked for, else as the others and their speeds say.</summary>
    internal static int BoardCount(int? asked, NetworkSetting others) =>
        asked ?? (others.HasBoards ? 1 : others.Speeds.Count > 0 ? others.Speeds.Count : DefaultSessionBoards);

    internal static Option<TransportKind> Transport(string description) => Choice(
        "--transport",
        description,
        ("in-process", TransportKind.InProcess), ("grain-call", TransportKind.GrainCall), ("stream", TransportKind.Stream), ("datagram", TransportKind.Datagram));

    internal static Option<int[]> BoardCounts(params int[] fallback) => NumberList(
        "--boards", "Numbers of boards to compare.", fallback, IsBoardCount, "whole numbers from 1 to 64, comma-separated");

    internal static bool IsBoardCount(int count) => count is >= 1 and <= 64;

    internal static Option<int> Threads()
    {
        int cores = Environment.ProcessorCount;
        return Number(
            "--threads",
            "Compute threads of this process's boards together.",
            cores,
            count => count >= 1 && count <= cores,
            $"a whole number from 1 to {cores}, the cores this process may use");
    }

    internal static Option<long?> MemoryLimit() => new("--memory-limit")
    {
        Description = "Memory of each board in this process: bytes, 500M, 2G; weights that do not fit are streamed from the cache folder in each step. "
            + "[default: an equal share of this machine's]",
        HelpName = "BYTES",
        CustomParser = result => Read(result, "--memory-limit", ByteCount.Needed, ByteCount.Read),
    };

    internal static Option<WeightMode> Weights() => Choice(
        "--weights", "Where this process's boards compute from: copies in a faster layout, or the mapped file; auto takes copies where memory has room.",
        ("auto", WeightMode.Auto), ("repacked", WeightMode.Repacked), ("mapped", WeightMode.Mapped));

    internal static Option<KvType> KvType() => Choice(
        "--kv-type", "How keys and values are kept, on all boards.",
        ("f16", Inference.Quantization.KvType.F16), ("q8_0", Inference.Quantization.KvType.Q8_0), ("f32", Inference.Quantization.KvType.F32));

    internal static Option<bool> Json() => new("--json") { Description = "Print one JSON object instead of tables." };

    /// <summary>An option that takes a number; <paramref name="needed"/> completes the sentence "it must be …".</summary>
    internal static Option<T> Number<T>(string name, string description, T fallback, Func<T, bool> holds, string needed)
        where T : struct, INumber<T> => new(name)
        {
            Description = description,
            HelpName = "N",
            DefaultValueFactory = _ => fallback,
            CustomParser = result => Read(result, name, needed, text => TryNumber(text, holds)),
        };

    /// <summary>An option that takes a number and may be left out.</summary>
    internal static Option<T?> OptionalNumber<T>(string name, string description, Func<T, bool> holds, string needed)
        where T : struct, INumber<T> => new(name)
        {
            Description = description,
            HelpName = "N",
            CustomParser = result => Read(
                result, name, needed, text => TryNumber(text, holds) is { Found: true } number ? (true, (T?)number.Value) : default),
        };

    /// <summary>An option that takes numbers with commas between them.</summary>
    internal static Option<T[]> NumberList<T>(string name, string description, T[] fallback, Func<T, bool> holds, string needed)
        where T : struct, INumber<T> => new(name)
        {
            Description = description,
            HelpName = "N,N",
            Arity = ArgumentArity.ExactlyOne,
            DefaultValueFactory = _ => fallback,
            CustomParser = result => Read(result, name, needed, text =>
            {
                (bool Found, T Value)[] numbers = [.. text.Split(',').Select(part => TryNumber(part, holds))];
                return (Array.TrueForAll(numbers, number => number.Found), Array.ConvertAll(numbers, number => number.Value));
            }),
        };

    /// <summary>An option that takes one of several words; left out it is the enumeration's zero, which is one of them.</summary>
    internal static Option<T> Choice<T>(string name, string description, params (string Word, T Value)[] choices)
        where T : struct, Enum
    {
        string words = string.Join("|", choices.Select(choice => choice.Word));
        string fallback = choices.First(choice => choice.Value.Equals(default(T))).Word;
        return new Option<T>(name)
        {
            Description = $"{description} [default: {fallback}]",
            HelpName = words,
            CustomParser = result => Read(result, name, $"one of {words}", text =>
            {
                int index = Array.FindIndex(choices, choice => choice.Word.Equals(text, StringComparison.OrdinalIgnoreCase));
                return index < 0 ? default : (true, choices[index].Value);
            }),
        };
    }

    /// <summary>Reads an option's one word, or refuses it with the word found and what is needed.</summary>
    internal static T Read<T>(ArgumentResult result, string name, string needed, Func<string, (bool Found, T Value)> read)
    {
        string text = result.Tokens[0].Value;
        (bool found, T value) = read(text);
        if (!found)
        {
            result.AddError($"{name} is '{text}'; it must be {needed}.");
        }

        return value;
    }

    // NaN fails every range, so it is refused like any other wrong number.
    private static (bool Found, T Value) TryNumber<T>(string text, Func<T, bool> holds)
        where T : struct, INumber<T> =>
        (T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out T number) && holds(number), number);
}

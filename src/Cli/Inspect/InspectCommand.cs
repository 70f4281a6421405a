using System.CommandLine;
using Halo.Cli.Hosting;
using Halo.Inference.Gguf;
using Halo.Inference.Quantization;
using Halo.Planning.Assignment;
using Halo.Silo;

namespace Halo.Cli.Inspect;

/// <summary><c>halo inspect</c>: what is in a model file, and what boards would need for it. Loads nothing.</summary>
internal static class InspectCommand
{
    internal static Command Create()
    {
        Argument<string> path = new("FILE") { Description = "A GGUF file." };
        Option<int[]> boards = CommandOptions.BoardCounts(1, 2, 4, 8);
        Option<KvType> kvType = CommandOptions.KvType();
        Option<bool> json = CommandOptions.Json();
        Command command = new("inspect", "Show what is in a model file and what boards would need for it.") { path, boards, kvType, json };
        command.SetAction(parsed => Run(
            CommandConsole.Of(parsed), parsed.GetRequiredValue(path), parsed.GetValue(boards)!, parsed.GetValue(kvType), parsed.GetValue(json)));
        return command;
    }

    private static int Run(CommandConsole console, string path, int[] boardCounts, KvType kvType, bool json)
    {
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            throw new CommandFault($"There is no file '{path}'; name a .gguf file.");
        }

        using GgufFile file = GgufFile.Open(path);
        SplitMemory splits = SplitMemory.Of(path, boardCounts, kvType);
        if (json)
        {
            InspectJson.Write(console.Output, file, splits);
        }
        else
        {
            Print(console, file, splits);
        }

        return CommandHost.Success;
    }

    private static void Print(CommandConsole console, GgufFile file, SplitMemory splits)
    {
        console.Output.WriteLine(Printable.OneLine(
            $"{file.Path}: GGUF version {file.Version}, {file.Length:N0} bytes, {file.Metadata.Count} metadata keys, {file.TensorList.Count} tensors"));
        TextTable metadata = new TextTable().Words("key", "value");
        foreach ((string key, _) in file.Metadata)
        {
            metadata.Row(key, file.Metadata.Describe(key));
        }

        console.Answer(metadata);
        PrintTensors(console, file);
        PrintSplits(console, splits);
    }

    private static void PrintTensors(CommandConsole console, GgufFile file)
    {
        if (file.TensorList.Count == 0)
        {
            Heading(console, "Tensors: none; the file holds a vocabulary only.");
            return;
        }

        Heading(console, "Tensors, shapes as columns x rows:");
        TextTable tensors = new TextTable().Words("tensor", "type").Numbers("shape", "bytes");
        foreach (GgufTensorInfo tensor in file.TensorList)
        {
            tensors.Row(tensor.Name, tensor.Type.ToString(), tensor.ShapeText, $"{tensor.ByteCount:N0}");
        }

        console.Answer(tensors);
        Heading(console, "Totals by type:");
        TextTable totals = new TextTable().Words("type").Numbers("tensors", "parameters", "bytes");
        foreach (TypeTotal total in TypeTotal.Of(file))
        {
            totals.Row(total.Type, $"{total.Tensors:N0}", $"{total.Parameters:N0}", $"{total.Bytes:N0}");
        }

        console.Answer(totals);
    }

    private static void PrintSplits(CommandConsole console, SplitMemory splits)
    {
        if (splits.MissingBecause is { } reason)
        {
            Heading(console, $"Memory of boards: not known, because the model cannot be run: {reason}");
            return;
        }

        if (splits.Note is { } note)
        {
            Heading(console, note);
        }

        Heading(
            console,
            $"Memory of boards of equal speed in MB, with KV for {splits.Plans[0].KvPositions:N0} positions in {splits.KvType}; "
            + "buffers include the head board's embedding table:");
        TextTable table = new TextTable().Numbers("boards").Words("board")
            .Numbers("attention", "feed-forward", "vocabulary", "KV", "buffers", "total");
        foreach (Plan plan in splits.Plans)
        {
            foreach (BoardMemory board in splits.Boards(plan))
            {
                table.Row(
                    $"{plan.Boards.Count}",
                    board.Board == plan.HeadBoard ? $"{board.Board} (head)" : board.Board,
                    ByteCount.Megabytes(board.Attention),
                    ByteCount.Megabytes(board.FeedForward),
                    ByteCount.Megabytes(board.Vocabulary),
                    ByteCount.Megabytes(board.Kv),
                    ByteCount.Megabytes(board.Fixed),
                    ByteCount.Megabytes(board.Total));
            }
        }

        console.Answer(table);
    }

    private static void Heading(CommandConsole console, string text)
    {
        console.Output.WriteLine();
        console.Output.WriteLine(Printable.OneLine(text));
    }
}

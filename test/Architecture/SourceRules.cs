using System.Text.RegularExpressions;

namespace Halo.Architecture.Tests;

/// <summary>What source files of a room must not contain. Paths are relative to <c>src</c>, with forward slashes.</summary>
public static partial class SourceRules
{
    private const int MostLines = 400;

    // Where kernels and what feeds them work on pointers: mapped files, aligned buffers, shards and KV in native memory.
    private static readonly string[] s_mayBeUnsafe =
    [
        "Inference/Kernels/", "Inference/Probes/", "Inference/Memory/", "Inference/Threading/", "Inference/Model/", "Inference/Quantization/", "Inference/Gguf/",
    ];

    /// <summary>What is wrong with a file; empty when nothing is.</summary>
    public static IReadOnlyList<string> Faults(string path, string text)
    {
        List<string> faults = [];
        int lines = text.AsSpan().Count('\n');
        if (lines > MostLines)
        {
            faults.Add($"{path} has {lines} lines; past {MostLines} there is a second idea in it.");
        }

        if ((path.StartsWith("Grains/", StringComparison.Ordinal) || path.StartsWith("Grains.Interfaces/", StringComparison.Ordinal))
            && Conditional().Match(text) is { Success: true } conditional)
        {
            faults.Add($"{path} has '{conditional.Value.Trim()}'; grain code is the same for both engines.");
        }

        if (path.StartsWith("Orleans.Embedded/", StringComparison.Ordinal) && Network().Match(text) is { Success: true } network)
        {
            faults.Add($"{path} uses {network.Value}; the embedded engine has no networking.");
        }

        if (!Array.Exists(s_mayBeUnsafe, folder => path.StartsWith(folder, StringComparison.Ordinal)) && Unsafe().IsMatch(text))
        {
            faults.Add($"{path} is unsafe; only {string.Join(", ", s_mayBeUnsafe)} may be.");
        }

        return faults;
    }

    [GeneratedRegex(@"^[ \t]*#[ \t]*(if|elif)\b.*$", RegexOptions.Multiline)]
    private static partial Regex Conditional();

    [GeneratedRegex(
        @"\b(System\.Net(\.\w+)*|Http(Client|Listener|MessageHandler)|Tcp(Client|Listener)|UdpClient|Socket|NetworkStream|NamedPipe\w+|WebApplication|Kestrel\w*)\b")]
    private static partial Regex Network();

    // The keyword in code, not the word in a comment or a text.
    [GeneratedRegex(@"^[^/""\n]*\bunsafe\b[ \t]*(class|struct|static|void|partial|readonly|interface|delegate|\{|$)", RegexOptions.Multiline)]
    private static partial Regex Unsafe();
}

using System.IO.Compression;
using System.Text;
using Halo.Cli.Hosting;

namespace Halo.Cli.Eval;

/// <summary>Reads a text to score.</summary>
internal static class TextFile
{
    /// <param name="path">The file; gzip where the name ends in .gz.</param>
    /// <param name="option">The option that named it.</param>
    /// <exception cref="CommandFault">The file is missing or is no UTF-8 text.</exception>
    internal static string Read(string path, string option = "--text")
    {
        if (!File.Exists(path))
        {
            throw new CommandFault($"There is no file '{path}'; give {option} the path of a text file.");
        }

        try
        {
            using Stream file = File.OpenRead(path);
            bool packed = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
            using Stream content = packed ? new GZipStream(file, CompressionMode.Decompress) : file;
            using StreamReader reader = new(content, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
            return reader.ReadToEnd();
        }
        catch (Exception fault) when (fault is DecoderFallbackException or InvalidDataException)
        {
            throw new CommandFault($"'{path}' is no text in UTF-8: {fault.Message}");
        }
    }
}
